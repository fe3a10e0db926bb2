import { judgeName } from "./secretNames.ts";
import type { NameSays } from "./secretNames.ts";

/**
 * Finds secrets in text by their looks and by the names before them. What a server sends passes through here, so every
 * pattern takes time in proportion to the text: each repetition is bounded, or can begin in one place only.
 */

/** What stands where a secret stood. */
export const REDACTED = "[redacted]";

const BASE58 = "1-9A-HJ-NP-Za-km-z";
/** Backslashes of an escape within an escape; nobody nests deeper than this. */
const SLASHES = String.raw`\\{1,16}`;
/** A percent sign, encoded any number of times that is met. */
const PERCENT = "%(?:25){0,8}";
/** Space of any kind, raw or written as an escape or in a URL. */
const GAP = String.raw`(?:[\s\u200b\u2060+-]|${SLASHES}[nrt]|${SLASHES}u00a0|${PERCENT}(?:20|0A|0D|C2${PERCENT}A0))`;
const TOKEN_CHARACTERS = "[A-Za-z0-9_+/=%.~-]";
const MAS_PREFIX = "m(?:at|ar|ct|cr)_";

const PATTERNS: readonly RegExp[] = [
  // Synapse's access, refresh and login tokens.
  new RegExp(`sy[trl]_${TOKEN_CHARACTERS}{4,}`, "gi"),
  // Matrix Authentication Service's. "format_" ends as they begin, hence the demands on what is around.
  new RegExp(`(?:(?<![a-z0-9])${MAS_PREFIX}|${MAS_PREFIX}(?=[a-z0-9]{16}))${TOKEN_CHARACTERS}{6,}`, "gi"),
  // HTTP authentication (RFC 9110), also where a URL or JSON has escaped the space.
  new RegExp(String.raw`(?<=\b(?:Bearer|Basic)(?:${GAP}){1,4})[^\s"'\\,;<>]{2,}`, "gi"),
  // Security Keys: 35 bytes in base58, which always begins with "Es"; people and clients group them by four.
  new RegExp(`E${GAP}{0,6}s(?:${GAP}{0,6}[${BASE58}]){44,48}`, "g"),
];

/** A name and what separates it from its value: `"name": `, `name=`, `name%3D`, `\"name\":`. */
const NAMED = new RegExp(
  String.raw`([A-Za-z][\w.-]{0,63})(\\{0,16}["'\x60]?(?:\s{0,8}[:=]\s{0,64}|${PERCENT}3[AD](?:${PERCENT}20|\+){0,16}))`,
  "gi",
);
/** 32 bytes in base64 (of either alphabet) or hex. */
const LOOKS_LIKE_KEY = /^(?:[A-Za-z0-9+/_-]{43}=?|[0-9a-f]{64})$/i;
/** Nothing that `LOOKS_LIKE_KEY` takes is longer, white space around it included. */
const MAX_KEY = 200;
/** `M_FORBIDDEN`, `ECONNREFUSED`, `404`: what fields named "code" hold when it is no authorization code. */
const LOOKS_LIKE_ERROR_CODE = /^(?:[A-Z][A-Z0-9_]{0,40}|\d{1,5})$/;
/** Values that give nothing away. */
const LITERAL = /^(?:true|false|null|undefined)$/;

/** The text without the secrets that can be recognised in it; in time proportional to its length. */
export function redactText(text: string): string {
  let clean = redactNamed(text);
  for (const pattern of PATTERNS) clean = clean.replaceAll(pattern, REDACTED);
  return redactWebTokens(clean);
}

/** Whether a value is a secret, by what its name says and by its looks. */
export function isSecret(name: NameSays, value: string): boolean {
  if (value === "") return false;
  if (name === "secret" || name === "phrase") return true;
  if (name === "maybe_key") return value.length <= MAX_KEY && LOOKS_LIKE_KEY.test(value.trim());
  return name === "maybe_code" && !LOOKS_LIKE_ERROR_CODE.test(value);
}

/** Header and payload of a JSON Web Token are at least this long, the dot aside. */
const SHORTEST_TOKEN_PART = 8;

/**
 * JSON Web Tokens (RFC 7519): parts in base64url with dots between them, the first of which begins with `{"`. Taken run
 * by run and not as one pattern, which would look for the dot from every `eyJ` on.
 */
function redactWebTokens(text: string): string {
  return text.replaceAll(/[\w.-]{20,}/g, (run) => {
    const parts = run.split(".");
    let at = 0;
    for (const [index, part] of parts.entries()) {
      const start = part.indexOf("eyJ");
      const isHeader = start >= 0 && part.length - start >= 3 + SHORTEST_TOKEN_PART;
      if (isHeader && (parts[index + 1]?.length ?? 0) >= SHORTEST_TOKEN_PART) return run.slice(0, at + start) + REDACTED;
      at += part.length + 1;
    }
    return run;
  });
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
  const inEscape = /%(?:25){0,8}([0-9A-F]?)$/i.exec(before);
  if (inEscape === null) return judgeName(name);
  const says = judgeName(name.slice(inEscape[1] === "" ? 2 : 1));
  return says === "nothing" ? judgeName(name) : says;
}

/** Where the value that begins at `start` begins and ends without its quotes. */
function valueAt(whole: string, start: number, separator: string, says: NameSays): { from: number; to: number } {
  // One that may be no secret is read again from its own start on: looking far each time would add up.
  const text = says === "maybe_key" ? whole.slice(0, start + MAX_KEY + 64) : whole;
  const quote = /^(\\{0,64})(["'`])/.exec(text.slice(start, start + 65));
  if (quote !== null) {
    const from = start + quote[0].length;
    return { from, to: closingQuote(text, from, quote[2] ?? "", (quote[1] ?? "").length) };
  }
  const inUrl = /^(?:=|%)/.test(separator);
  const oneWord = says === "maybe_code" || says === "maybe_key" || (says === "secret" && inUrl);
  // A phrase may hold spaces, as a header and a list do, and without quotes nothing says where it ends but the line.
  const end = oneWord ? /[&\s"'`<>;,)}\]\\]|%(?:25){0,8}26/g : inUrl ? /[\r\n&]|%(?:25){0,8}26/g : /[\r\n]/g;
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
