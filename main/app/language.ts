import { app } from "electron";
import type { Settings } from "../../shared/contract/app.ts";
import { type Language, PSEUDO, supportedLanguage } from "../../shared/i18n/language.ts";
import type { MessageValues } from "../../shared/i18n/message.ts";
import de from "./texts/de.json" with { type: "json" };
import en from "./texts/en.json" with { type: "json" };

/** The name of a text that main shows itself: in menus, dialogs, notifications, and where the page can't. */
export type MainText = keyof typeof en;

/** Those with arguments, which need the parser of messages: see `formattedText`. */
type WithArguments =
  | "newSession.title"
  | "newSession.body"
  | "activity.title"
  | "activity.session_gone"
  | "activity.session_ended"
  | "activity.session_verified"
  | "activity.identity_changed"
  | "activity.backup_replaced"
  | "activity.backup_deleted"
  | "activity.email_added"
  | "activity.email_removed"
  | Extract<MainText, `files.${string}`>
  | "start.tooNew"
  | "start.failed";

const texts: Readonly<Record<Exclude<Language, typeof PSEUDO>, Readonly<Record<MainText, string>>>> = { en, de };

let spoken: Language | null = null;
let pseudoAllowed = false;

/** Lets `--lang=en-XA` ask for the pseudo-language: in what is built for work on the app and its tests. */
export function allowPseudoLanguage(): void {
  pseudoAllowed = true;
}

/** The language that the system, or whoever started the app with `--lang`, wants. */
export function systemLanguage(): Language {
  const wanted = app.commandLine.getSwitchValue("lang");
  const language = supportedLanguage([...(wanted === "" ? [] : [wanted]), ...app.getPreferredSystemLanguages()]);
  return language === PSEUDO && !pseudoAllowed ? "en" : language;
}

/** The language in force: as chosen in Settings, or the system's. */
export const language = (): Language => (spoken ??= systemLanguage());

/** Speaks the language that the settings ask for. Answers whether that is another one than before. */
export function applyLanguage(chosen: Settings["language"]): boolean {
  const before = language();
  spoken = chosen === "system" ? systemLanguage() : chosen;
  return spoken !== before;
}

const messageOf = (name: MainText): string => {
  const now = language();
  return texts[now === PSEUDO ? "en" : now][name];
};

/** A text without arguments. */
export const mainText = (name: Exclude<MainText, WithArguments>): string => messageOf(name);

/** A text with arguments. What writes them out is loaded at the first: nothing at the start needs it. */
export async function formattedText(name: WithArguments, values: MessageValues): Promise<string> {
  const { formatMessage } = await import("../../shared/i18n/message.ts");
  return formatMessage(messageOf(name), values, language());
}
