/** Characters that turn the direction of what follows, and those that end it: embeddings, overrides, isolates, marks. */
const DIRECTION_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Letters that are written from right to left (Hebrew to Arabic Extended, and their presentation forms). */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802\ud803\ud83a\ud83b][\udc00-\udfff]/;
const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";

/**
 * A text of unknown origin without characters that turn the direction: "exe.png" with an override in it reads as another
 * name. What letters need is worked out from themselves (Unicode Standard Annex 9).
 */
export function withoutDirections(text: string): string {
  return text.replace(DIRECTION_CONTROLS, "");
}

/** The same between the marks that keep its direction to itself (FSI and PDI). */
export function isolated(text: string): string {
  return `${FIRST_STRONG_ISOLATE}${withoutDirections(text)}${POP_ISOLATE}`;
}

/** The same for use within a sentence: isolated where it is so already, or where its letters would turn the sentence. */
export function inSentence(text: string): string {
  const isIsolated = text.startsWith(FIRST_STRONG_ISOLATE) && text.endsWith(POP_ISOLATE);
  return isIsolated || RIGHT_TO_LEFT.test(text) ? isolated(text) : withoutDirections(text);
}
