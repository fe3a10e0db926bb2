/** Dark enough for white letters on each (contrast at least 4.5), and far enough apart to be told apart. */
const colours = ["#4f63b6", "#97468f", "#2f5d50", "#8a6524", "#2b6c93", "#a5483c", "#5b7034", "#6a52a3", "#a03f68", "#4c6470"];

/** The colour that always goes with this user id. */
export function avatarColour(userId: string): string {
  let hash = 0;
  for (const character of userId) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return colours[hash % colours.length] ?? "#4c6470";
}

/** The first two letters or digits of a name in capitals, as a person reads them; "?" when it has none. */
export function initials(name: string): string {
  const letters = [...name.normalize("NFC")].filter((character) => /[\p{L}\p{N}]/u.test(character));
  return letters.slice(0, 2).join("").toLocaleUpperCase() || "?";
}
