/** Controls, and what changes the direction of the text around it; a line break becomes a blank before. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/gu;

/**
 * Text that a server wrote, fit to stand in a sentence of ours: on one line, at most so many characters, and without
 * the signs that could turn the direction of what follows. Anything but text becomes empty.
 */
export function serverText(value: unknown, most: number): string {
  if (typeof value !== "string") return "";
  // The signs may be anywhere: only so much is looked at that they cannot fill it all.
  const clean = value
    .slice(0, most * 4)
    .replace(/\s+/gu, " ")
    .replace(CONTROLS, "")
    .trim();
  const characters = [...clean];
  return characters.length <= most ? clean : `${characters.slice(0, most - 1).join("")}…`;
}
