/** A Security Key without anything that pasting may have put between its characters. */
export function bareKey(typed: string): string {
  // \s knows the no-break spaces; zero-width characters and the soft hyphen are not spaces to it.
  return typed.replace(/[\s\u200b-\u200d\u2060\u00ad\ufeff]/g, "");
}

/** The key in groups of four, as it is shown and written down. */
export function keyGroups(key: string): string[] {
  return bareKey(key).match(/.{1,4}/gu) ?? [];
}

/** How what was typed compares with the key that was shown. */
export type TypedKey =
  | { readonly kind: "same" }
  /** Right so far. */
  | { readonly kind: "short"; readonly typed: number; readonly total: number }
  /** The first group that differs, from 1. */
  | { readonly kind: "different"; readonly group: number };

/** Compares character by character: the key is base58, where case matters. */
export function compareKey(shown: string, typed: string): TypedKey {
  const right = bareKey(shown);
  const given = bareKey(typed);
  // The whole text of a file that Steward saved the key in: a Matrix ID comes first.
  if (given.startsWith("@") && given.includes(":") && given.endsWith(right)) return { kind: "same" };
  if (given === right) return { kind: "same" };
  if (right.startsWith(given)) return { kind: "short", typed: given.length, total: right.length };
  let at = 0;
  while (at < right.length && right[at] === given[at]) at++;
  return { kind: "different", group: Math.min(Math.floor(at / 4) + 1, keyGroups(right).length) };
}
