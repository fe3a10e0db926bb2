import { type Formatters, IntlMessageFormat } from "intl-messageformat";

/** What may stand for an argument of a message: text as it is, or a number that the message writes in its language. */
export type MessageValues = Readonly<Record<string, string | number>>;

/** Made when a message is first needed, since making one takes longer than using it. By language, then by message. */
const formats = new Map<string, Map<string, IntlMessageFormat>>();
const made = new Map<string, unknown>();

/** One formatter for each language and way of writing, shared by all messages. */
function once<T>(kind: string, locale: unknown, options: unknown, make: () => T): T {
  const key = `${kind} ${String(locale)} ${JSON.stringify(options ?? {})}`;
  if (!made.has(key)) made.set(key, make());
  return made.get(key) as T;
}

/**
 * Writes numbers as the language does. A whole number below a thousand is written alike in all that are spoken here, and
 * the first `Intl.NumberFormat` of a page takes V8 as long as drawing the page: it is made for the others.
 */
function numberFormat(locale: string, options: Intl.NumberFormatOptions | undefined): Pick<Intl.NumberFormat, "format"> {
  const format = (): Intl.NumberFormat => once("number", locale, options, () => new Intl.NumberFormat(locale, options));
  const isShort = (value: unknown): boolean =>
    options === undefined && Number.isInteger(value) && Number(value) >= 0 && Number(value) < 1000;
  return { format: (value) => (isShort(value) ? String(value) : format().format(value)) };
}

const formatters: Formatters = {
  getNumberFormat: (locale, options) => numberFormat(locale as string, options) as Intl.NumberFormat,
  getDateTimeFormat: (locale, options) => once("date", locale, options, () => new Intl.DateTimeFormat(locale, options)),
  getPluralRules: (locale, options) => once("plural", locale, options, () => new Intl.PluralRules(locale, options)),
};

// Of the locales that it is given it would look for one that the system knows, for each message anew; ours is one. The
// first look alone takes V8 as long as drawing the first page.
IntlMessageFormat.resolveLocale = (locales) => new Intl.Locale(locales as string);

/**
 * A message in ICU's syntax, written out. It is parsed when it is first needed.
 *
 * @param locale a BCP 47 tag, for numbers and the choice of plural forms
 * @throws Error when the message is malformed, or an argument is missing
 * @see https://unicode-org.github.io/icu/userguide/format_parse/messages/
 */
export function formatMessage(message: string, values: MessageValues, locale: string): string {
  // Most have no arguments. An apostrophe would be a mark of the syntax, too; texts have the typographic one.
  if (!message.includes("{")) return message;
  const ofLocale = formats.get(locale) ?? new Map<string, IntlMessageFormat>();
  formats.set(locale, ofLocale);
  const format = ofLocale.get(message) ?? new IntlMessageFormat(message, locale, undefined, { ignoreTag: true, formatters });
  ofLocale.set(message, format);
  return String(format.format(values));
}
