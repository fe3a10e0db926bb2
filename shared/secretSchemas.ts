import * as z from "zod";
import { Secret, type SecretKind } from "./secret.ts";

/** A text that is a secret from where it is parsed on. `z.encode` makes a text of it again, to be sealed. */
export function secretText<K extends SecretKind>(kind: K, text: z.ZodType<string, string> = z.string()) {
  return z.codec(text, secretOf(kind), {
    decode: (value) => new Secret(kind, value),
    encode: (secret) => secret.reveal(),
  });
}

/** A secret of main's that the window shows: it is a text from where main's answer leaves on. */
export function shownSecret<K extends SecretKind>(kind: K) {
  return z.codec(secretOf(kind), z.string(), {
    decode: (secret) => secret.reveal(),
    encode: (value) => new Secret(kind, value),
  });
}

function secretOf<K extends SecretKind>(kind: K) {
  return z.custom<Secret<K>>((value) => value instanceof Secret && value.kind === kind);
}
