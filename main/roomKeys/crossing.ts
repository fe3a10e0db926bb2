import { Secret, SecretBytes, type SecretKind } from "../../shared/secret.ts";

/** A secret as it crosses between threads, which no `Secret` does: a structured clone leaves its value behind. */
interface Crossing {
  crossing: SecretKind;
  value: string | Uint8Array;
}

/** What a thread is given, made ready to cross: with the values of the secrets in it, themselves and in fields at any depth. */
export function forThread(given: object): object {
  return mapFields(given, (value) => (isOpaque(value) ? ({ crossing: value.kind, value: value.reveal() } satisfies Crossing) : null));
}

/** What crossed, with its secrets as they were. @param crossed was made by `forThread` of a `T` */
export function inThread<T extends object>(crossed: object): T {
  return mapFields(crossed, (value) => {
    if (!isPlain(value) || !("crossing" in value)) return null;
    const { crossing: kind, value: secret } = value as unknown as Crossing;
    return typeof secret === "string" ? new Secret(kind, secret) : new SecretBytes(kind, secret);
  }) as T;
}

/** The same with other values in the fields that `change` knows; lists stay as they are: of records, there are many. */
function mapFields(value: object, change: (value: unknown) => object | null): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, field]: [string, unknown]) => [
      name,
      change(field) ?? (isPlain(field) ? mapFields(field, change) : field),
    ]),
  );
}

const isOpaque = (value: unknown): value is Secret | SecretBytes => value instanceof Secret || value instanceof SecretBytes;
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
