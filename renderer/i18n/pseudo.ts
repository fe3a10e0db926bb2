import type { Texts } from "./textTree.ts";

/** Letters that look like the plain ones, so that a person can still read the page. */
const ACCENTED: Readonly<Record<string, string>> = Object.fromEntries(
  [..."aàbƀcçdđeéfƒgĝhĥiîjĵkķlļmɱnñoöpþqɋrŕsštţuûvṽwŵxẋyýzžAÀBƁCÇDĐEÉFƑGĜHĤIÎJĴKĶLĻMṀNÑOÖPÞQɊRŔSŠTŢUÛVṼWŴXẊYÝZŽ".matchAll(/(.)(.)/gu)].map(
    ([, plain = "", accented = ""]) => [plain, accented],
  ),
);

/** How much longer a text becomes: what German and Finnish need beside English. */
const LONGER = 1 / 3;

/**
 * A message with accented letters, longer by a third, in brackets: what is on the screen without them has passed by the
 * texts, and what lacks its last bracket is cut off. ICU's syntax stays as it is.
 */
export function pseudoMessage(message: string): string {
  let depth = 0;
  let accented = "";
  // At an even depth stands text, at an odd one the syntax: {count, plural, one {text {name} text} other {text}}.
  for (const character of message) {
    if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    accented += depth % 2 === 0 ? (ACCENTED[character] ?? character) : character;
  }
  return `⟦${accented}${"·".repeat(Math.ceil(message.length * LONGER))}⟧`;
}

/** All texts in the pseudo-language. */
export function pseudoTexts(texts: Texts): Texts {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, typeof text === "string" ? pseudoMessage(text) : pseudoTexts(text)]),
  );
}
