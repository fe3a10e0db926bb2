import { formatMessage, type MessageValues } from "../../shared/i18n/message.ts";
import { inSentence } from "./direction.ts";
import type en from "./en.json";
import { messageOf } from "./language.ts";
import type { TextArguments } from "./textArguments.ts";

/** Every path through the text file that ends in a message. */
type PathOf<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${PathOf<T[K]>}`;
}[keyof T & string];

/** The name of one text: `all.title`, `errors.network`. */
export type TextKey = PathOf<typeof en>;

/** The name of a text that takes no arguments. */
export type PlainTextKey = Exclude<TextKey, keyof TextArguments>;

type All<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;
type Arguments<K extends TextKey> = TextArguments[Extract<K, keyof TextArguments>];

/** What a text needs besides its key; where several texts may be meant, what any of them needs. */
type Needed<K extends TextKey> = [Arguments<K>] extends [never] ? [] : [values: All<Arguments<K>>];

/**
 * The text called `key` in the language spoken. Numbers are written with the language's separators. Other arguments are
 * text: nothing in them is looked at again, and none turns the direction of the sentence.
 *
 * What a text takes is in textArguments.ts, which `npm run texts` makes from en.json.
 */
export function t<K extends TextKey>(key: K, ...[values]: Needed<K>): string {
  return textOrNull(key, values as MessageValues | undefined) ?? key;
}

/** The text of a key that is put together from what others send, or null where there is none. */
export function textOrNull(key: string, values: MessageValues = {}): string | null {
  const found = messageOf(key);
  if (found === undefined) return null;
  const isolatedValues: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(values)) {
    isolatedValues[name] = typeof value === "string" ? inSentence(value) : value;
  }
  return formatMessage(found.message, isolatedValues, found.locale);
}
