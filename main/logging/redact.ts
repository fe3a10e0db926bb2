import { judgeName } from "./secretNames.ts";
import type { NameSays } from "./secretNames.ts";

/** What stands where a secret stood. */
export const REDACTED = "[redacted]";

/** Longer texts are cut; what a log needs is at their start. */
const MAX_TEXT = 32 * 1024;
/** More than any secret without a telling start: cut off with the end, so that half a secret does not stay. */
const CUT_MARGIN = 512;
const MAX_DEPTH = 8;
const MAX_ITEMS = 200;

const BASE58 = "1-9A-HJ-NP-Za-km-z";
/** Space of any kind, raw or written as an escape or in a URL. */
const GAP = String.raw`(?:[\s\u200b\u2060+-]|\\+[nrt]|\\+u00a0|%(?:25)*(?:20|0A|0D|C2%(?:25)*A0))`;
const TOKEN_CHARACTERS = "[A-Za-z0-9_+/=%.~-]";
const MAS_PREFIX = "m(?:at|ar|ct|cr)_";

const PATTERNS: readonly RegExp[] = [
  // Synapse's access, refresh and login tokens.
  new RegExp(`sy[trl]_${TOKEN_CHARACTERS}{4,}`, "gi"),
  // Matrix Authentication Service's. "format_" ends as they begin, hence the demands on what is around.
  new RegExp(`(?:(?<![a-z0-9])${MAS_PREFIX}|${MAS_PREFIX}(?=[a-z0-9]{16}))${TOKEN_CHARACTERS}{6,}`, "gi"),
  // HTTP authentication (RFC 9110), also where a URL or JSON has escaped the space.
  new RegExp(String.raw`(?<=\b(?:Bearer|Basic)(?:${GAP}){1,4})[^\s"'\\,;<>]{2,}`, "gi"),
  // JSON Web Tokens.
  /eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g,
  // Security Keys: 35 bytes in base58, which always begins with "Es"; people and clients group them by four.
  new RegExp(`E${GAP}{0,6}s(?:${GAP}{0,6}[${BASE58}]){44,48}`, "g"),
];

/** A name and what separates it from its value: `"name": `, `name=`, `name%3D`, `\"name\":`. */
const NAMED = /([A-Za-z][\w.-]{0,63})(\\*["'`]?(?:\s*[:=]\s*|%(?:25)*3[AD](?:%(?:25)*20|\+)*))/gi;
/** 32 bytes in base64 (of either alphabet) or hex. */
const LOOKS_LIKE_KEY = /^(?:[A-Za-z0-9+/_-]{43}=?|[0-9a-f]{64})$/i;
/** `M_FORBIDDEN`, `ECONNREFUSED`, `404`: what fields named "code" hold when it is no authorization code. */
const LOOKS_LIKE_ERROR_CODE = /^(?:[A-Z][A-Z0-9_]{0,40}|\d{1,5})$/;

/** Exact texts that must not be seen: every token that was in use since the start. */
export class SecretsToRedact {
  readonly #forms = new Map<string, readonly string[]>();

  /** Texts of fewer than 6 characters are not taken: they would blank out ordinary words. */
  add(value: string): void {
    if (value.length >= 6) this.#forms.set(value, formsOf(value));
  }

  /** Blanks out every form of every value. */
  redact(text: string): string {
    let clean = text;
    for (const forms of this.#forms.values()) {
      for (const form of forms) clean = clean.replaceAll(form, REDACTED);
    }
    return clean;
  }
}

/** As it is, in a URL, in JSON, in base64. */
function formsOf(value: string): string[] {
  const base64 = Buffer.from(value, "utf8").toString("base64").replace(/=+$/, "");
  return [...new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), base64])];
}

/** What to take out besides what can be recognised. */
export interface RedactorOptions {
  /** Replaced by `~`; null where there is none. */
  readonly homeDirectory: string | null;
  readonly secrets?: SecretsToRedact;
}

/** Takes secrets out of whatever is about to be written where people may read it. */
export class Redactor {
  readonly #homes: readonly RegExp[];
  readonly #secrets: SecretsToRedact;

  constructor({ homeDirectory, secrets = new SecretsToRedact() }: RedactorOptions) {
    this.#homes = homeDirectory === null ? [] : homePatterns(homeDirectory);
    this.#secrets = secrets;
  }

  /** The text without secrets; long texts are cut. */
  text(text: string): string {
    if (text.length > MAX_TEXT) {
      const clean = this.#whole(text.slice(0, MAX_TEXT));
      return `${clean.slice(0, Math.max(0, clean.length - CUT_MARGIN))} [${text.length} characters, cut]`;
    }
    return this.#whole(text);
  }

  /** A copy of `value` that can be written as JSON and holds no secrets: bounded in depth and size, without cycles. */
  value(value: unknown): unknown {
    return this.#value(value, "nothing", 0, new Set());
  }

  #whole(text: string): string {
    let clean = this.#secrets.redact(text);
    clean = redactNamed(clean);
    for (const pattern of PATTERNS) clean = clean.replaceAll(pattern, REDACTED);
    for (const home of this.#homes) clean = clean.replaceAll(home, "~");
    return clean;
  }

  #value(value: unknown, name: NameSays, depth: number, above: Set<object>): unknown {
    if (typeof value === "string") return isSecret(name, value) ? REDACTED : this.text(value);
    if (typeof value === "bigint" || typeof value === "symbol") return this.text(String(value));
    if (typeof value === "function") return "[function]";
    if (typeof value !== "object" || value === null) return value;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof Date) return Number.isNaN(value.valueOf()) ? "[no date]" : value.toISOString();
    if (value instanceof URL) return this.text(value.href);
    if (above.has(value)) return "[circular]";
    if (depth >= MAX_DEPTH) return "[deep]";
    const within = new Set(above).add(value);
    if (Array.isArray(value) || value instanceof Set) {
      return [...value].slice(0, MAX_ITEMS).map((item) => this.#value(item, name, depth + 1, within));
    }
    const pairs = value instanceof Map ? [...value] : pairsOf(value);
    return Object.fromEntries(
      pairs.slice(0, MAX_ITEMS).map(([key, item]: [unknown, unknown]) => {
        const says = name === "secret" || name === "phrase" ? name : judgeName(String(key));
        return [this.text(String(key)), this.#value(item, says, depth + 1, within)];
      }),
    );
  }
}

/** An error's fields are not enumerable, and a getter may throw. */
function pairsOf(value: object): [string, unknown][] {
  const names = new Set(value instanceof Error ? ["name", "message", "stack", "cause"] : []);
  for (const key of Object.keys(value)) names.add(key);
  return [...names].flatMap((key): [string, unknown][] => {
    try {
      const item: unknown = (value as Record<string, unknown>)[key];
      return item === undefined ? [] : [[key, item]];
    } catch {
      return [[key, "[unreadable]"]];
    }
  });
}

function isSecret(name: NameSays, value: string): boolean {
  if (value === "") return false;
  if (name === "secret" || name === "phrase") return true;
  if (name === "maybe_key") return LOOKS_LIKE_KEY.test(value.trim());
  return name === "maybe_code" && !LOOKS_LIKE_ERROR_CODE.test(value);
}

/** Redacts the values of names that call for it, wherever a text has `name: value` in some notation. */
function redactNamed(text: string): string {
  let clean = "";
  let done = 0;
  NAMED.lastIndex = 0;
  for (let match = NAMED.exec(text); match !== null; match = NAMED.exec(text)) {
    const says = judgeNameAfter(text.slice(Math.max(0, match.index - 12), match.index), match[1] ?? "");
    if (says === "nothing") continue;
    const start = match.index + match[0].length;
    const { from, to } = valueAt(text, start, match[2] ?? "", says);
    const value = text.slice(from, to);
    if (!isSecret(says, value) || LITERAL.test(value)) continue;
    clean += text.slice(done, from) + REDACTED;
    done = to;
    NAMED.lastIndex = to;
  }
  return clean + text.slice(done);
}

/** Letters at the start of a name can be the end of an escape before it: `%3FaccessToken`. */
function judgeNameAfter(before: string, name: string): NameSays {
  const inEscape = /%(?:25)*([0-9A-F]?)$/i.exec(before);
  if (inEscape === null) return judgeName(name);
  const says = judgeName(name.slice(inEscape[1] === "" ? 2 : 1));
  return says === "nothing" ? judgeName(name) : says;
}

/** Values that give nothing away. */
const LITERAL = /^(?:true|false|null|undefined)$/;

/** Where the value that begins at `start` begins and ends without its quotes. */
function valueAt(text: string, start: number, separator: string, says: NameSays): { from: number; to: number } {
  const quote = /^(\\*)(["'`])/.exec(text.slice(start, start + 64));
  if (quote !== null) {
    const from = start + quote[0].length;
    return { from, to: closingQuote(text, from, quote[2] ?? "", (quote[1] ?? "").length) };
  }
  const inUrl = /^(?:=|%)/.test(separator);
  const oneWord = says === "maybe_code" || says === "maybe_key" || (says === "secret" && inUrl);
  // A phrase may hold spaces, as a header and a list do, and without quotes nothing says where it ends but the line.
  const end = oneWord ? /[&\s"'`<>;,)}\]\\]|%(?:25)*26/g : inUrl ? /[\r\n&]|%(?:25)*26/g : /[\r\n]/g;
  end.lastIndex = start;
  return { from: start, to: end.exec(text)?.index ?? text.length };
}

/**
 * The place of the quote that closes a value opened by `slashes` backslashes and a quote. JSON inside a JSON string has
 * its quotes escaped, once per level: a quote of the level itself has `slashes` backslashes before it beyond whole
 * pairs of that level; one that belongs to the value has more.
 */
function closingQuote(text: string, from: number, quote: string, slashes: number): number {
  const unit = 2 * (slashes + 1);
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    let run = 0;
    while (at - run - 1 >= from && text[at - run - 1] === "\\") run += 1;
    if (run % unit === slashes) return at - slashes;
  }
  return text.length;
}

/** The home directory in the notations in which paths turn up: as it is, escaped in JSON, as a file URL. */
function homePatterns(homeDirectory: string): RegExp[] {
  const home = homeDirectory.replace(/[\\/]+$/, "");
  if (home.length < 2) return [];
  const slashed = home.replaceAll("\\", "/");
  const forms = [home, home.replaceAll("\\", "\\\\"), slashed, encodeURI(slashed), encodeURIComponent(home)];
  return [...new Set(forms)].map((form) => new RegExp(form.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`), "gi"));
}
