import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { IntlMessageFormat } from "intl-messageformat";
import { command } from "./command.ts";
import { root, say } from "./paths.ts";

/** A file of texts, or a branch of it. */
export interface TextTree {
  readonly [name: string]: string | TextTree;
}

/** The file that says what each text takes. */
export const argumentsFile = join(root, "renderer/i18n/textArguments.ts");

/** Every text of a file by its full name, in the file's order. */
export function textsOf(tree: TextTree, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, child] of Object.entries(tree)) {
    const key = path === "" ? name : `${path}.${name}`;
    if (typeof child === "string") found.set(key, child);
    else for (const [inner, text] of textsOf(child, key)) found.set(inner, text);
  }
  return found;
}

type Element = ReturnType<IntlMessageFormat["getAst"]>[number];

/** The names of ICU's kinds of elements, by the parser's numbers. */
const kinds = ["literal", "argument", "number", "date", "time", "select", "plural", "pound", "tag"] as const;

/** One argument of a message, and the plural or select forms that the message has for it. */
export interface Argument {
  readonly type: "string" | "number";
  readonly forms: readonly string[];
}

/**
 * What a message takes, by name.
 * @throws SyntaxError when the message is malformed
 */
export function argumentsOf(message: string): Map<string, Argument> {
  const found = new Map<string, Argument>();
  const visit = (elements: readonly Element[]): void => {
    for (const element of elements) {
      const kind = kinds[element.type];
      if (kind === "literal" || kind === "pound" || !("value" in element)) continue;
      const name = element.value;
      const forms = "options" in element ? Object.keys(element.options) : [];
      const type = kind === "argument" || kind === "select" ? "string" : "number";
      const before = found.get(name);
      // The same number may stand in the sentence and choose its form.
      found.set(name, {
        type: before?.type === "number" ? "number" : type,
        forms: forms.length > 0 ? forms : (before?.forms ?? []),
      });
      if ("options" in element) for (const option of Object.values(element.options)) visit(option.value);
    }
  };
  visit(new IntlMessageFormat(message, "en", undefined, { ignoreTag: true }).getAst());
  return found;
}

/** The source of textArguments.ts for a file of texts. */
export function argumentTypes(tree: TextTree): string {
  const lines = [...textsOf(tree)].flatMap(([key, message]) => {
    const fields = [...argumentsOf(message)].map(([name, { type }]) => `${name}: ${type}`);
    return fields.length === 0 ? [] : [`  "${key}": { ${fields.join("; ")} };`];
  });
  return [
    "// Made from en.json by `npm run texts`.",
    "",
    "/** What each text takes; a text that is not here takes nothing. */",
    "export interface TextArguments {",
    ...lines,
    "}",
    "",
  ].join("\n");
}

/** The English texts, which all others follow. */
export async function englishTexts(): Promise<TextTree> {
  return JSON.parse(await readFile(join(root, "renderer/i18n/en.json"), "utf8")) as TextTree;
}

if (import.meta.main) {
  await command(async () => {
    await writeFile(argumentsFile, argumentTypes(await englishTexts()));
    say("wrote renderer/i18n/textArguments.ts");
  });
}
