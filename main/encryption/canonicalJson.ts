/**
 * The form of JSON that is signed (Matrix appendices, "Canonical JSON"): names in the order of their code points, and
 * nothing between.
 *
 * @throws TypeError for what has no such form: numbers that are not whole, or too large
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new TypeError("a number has no canonical form");
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value as Record<string, unknown>)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => byCodePoints(one, other))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** JavaScript's own order is that of UTF-16, which is another one beyond the basic plane; that of UTF-8 is the same. */
function byCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one, "utf8"), Buffer.from(other, "utf8"));
}
