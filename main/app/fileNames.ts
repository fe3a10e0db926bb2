import type { SuggestedName } from "../storage/suggestedName.ts";
import { formattedText } from "./language.ts";

/** The name of a file in the person's language, without folder: "Security Key alice example.org.txt". */
export async function fileNameOf({ holds, of, part, ending }: SuggestedName): Promise<string> {
  const name = await formattedText(`files.${holds}`, { of });
  return `${part === undefined ? name : await formattedText(`files.${part}`, { name })}.${ending}`;
}
