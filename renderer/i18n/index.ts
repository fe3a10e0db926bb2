export { errorWords, type ErrorWords, fieldProblemText, problemText, refusedFieldText } from "./errorWords.ts";
export * from "./formats.ts";
export { type PlainTextKey, t, type TextKey, textOrNull } from "./texts.ts";
