import * as z from "zod";
import { SecretBytes, type SecretKind } from "../../shared/secret.ts";

/** Bytes that are a secret from where their base64 is parsed on. `z.encode` makes base64 of them again, to be sealed. */
export function secretBytes<K extends SecretKind>(kind: K, text: z.ZodType<string, string> = z.base64()) {
  return z.codec(
    text,
    z.custom<SecretBytes<K>>((value) => value instanceof SecretBytes && value.kind === kind),
    {
      decode: (value) => new SecretBytes(kind, Buffer.from(value, "base64")),
      encode: (secret) => Buffer.from(secret.reveal()).toString("base64"),
    },
  );
}
