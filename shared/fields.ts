/**
 * What a person may type where they sign in: one rule for each kind of field, for the form and for the contract. The
 * renderer loads no schema library, so these are plain functions; the contract makes schemas of them.
 */

/** What is wrong with what was typed. Each has a sentence for each field that can have it. */
export type FieldProblem =
  | "empty"
  | "too_long"
  | "not_a_server"
  | "not_a_url"
  | "is_email"
  | "has_spaces"
  | "not_an_email"
  | "not_a_number"
  | "not_allowed"
  | "only_digits"
  | "starts_with_underscore";

/** What was typed in the form in which it is used, or what is wrong with it. */
export type Read<T> = { readonly value: T; readonly problem?: never } | { readonly problem: FieldProblem; readonly value?: never };

/** More than the longest of any field, in UTF-16 code units. */
export const MAX_TYPED = 5000;
const MAX_HOMESERVER = 2048;
/** In bytes (Matrix specification, appendices, "User identifiers"). */
const MAX_USER_ID = 255;
/** What Synapse takes at most. */
const MAX_EMAIL = 500;
const MAX_PHONE = 50;
const MAX_CODE = 100;

/** Characters that come along when something is copied, and that nobody sees: direction marks, joiners, byte order marks. */
const INVISIBLE = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Without blanks around it and without characters that nobody sees. Never for passwords, phrases and keys. */
export function tidy(typed: string): string {
  return typed.replace(INVISIBLE, "").trim();
}

/** What a person may type as a homeserver: a server name, a URL, or a full Matrix ID. */
export type HomeserverInput =
  | { readonly kind: "name"; readonly serverName: string; readonly localpart: string | null }
  | { readonly kind: "url"; readonly baseUrl: string; readonly serverName: string };

/**
 * Tells apart what was typed or pasted as a homeserver. Names come out in lower case, as ASCII (`xn--`) and without the
 * dot that ends a full domain name; addresses without what follows the base URL.
 */
export function readHomeserver(typed: string): Read<HomeserverInput> {
  const text = tidy(typed);
  if (text === "") return { problem: "empty" };
  if (text.length > MAX_HOMESERVER) return { problem: "too_long" };
  const whole = fromLink(text);
  // What has no @ and ends in digits is a server with its port.
  const user = whole.includes("://") ? null : /^(?:@([^:\s]*)|([^@:/?#\s[]+)):(?!\d{1,5}\/*$)(.+)$/s.exec(whole);
  if (user) {
    const serverName = asServerName(user[3]!.replace(/\/+$/, ""));
    const localpart = user[1] ?? user[2] ?? "";
    return serverName === null ? { problem: "not_a_server" } : { value: { kind: "name", serverName, localpart } };
  }
  if (whole.includes("://")) return readUrl(whole);
  if (/^[^@\s]+@[^@\s/]+$/.test(whole)) return { problem: "is_email" };
  const bare = whole.replace(/\/+$/, "");
  if (/^[^/?#\s@]+[/?#]/.test(bare)) return readUrl(`https://${bare}`);
  const serverName = asServerName(bare);
  return serverName === null ? { problem: "not_a_server" } : { value: { kind: "name", serverName, localpart: null } };
}

/** The Matrix ID inside a link to a person (Matrix specification, appendices, "matrix.to navigation"). */
function fromLink(text: string): string {
  const inside = /^(?:https?:\/\/)?matrix\.to\/#\/([^?/]+)/i.exec(text)?.[1];
  if (inside === undefined) return text;
  try {
    return decodeURIComponent(inside);
  } catch {
    return text;
  }
}

/** The address of a server's admin API, as a base URL: what is asked below it is cut off. A name alone means https. */
export function readAdminAddress(typed: string): Read<string> {
  return readIdentityServer(tidy(typed).replace(/\/_synapse(?:\/.*)?$/s, ""));
}

/** The same of an identity server. */
export function readIdentityServer(typed: string): Read<string> {
  const { value, problem } = readHomeserver(typed);
  if (problem !== undefined) return { problem };
  if (value.kind === "url") return { value: value.baseUrl };
  return value.localpart === null ? { value: `https://${value.serverName}` } : { problem: "not_a_url" };
}

/** `URL.parse`, which the oldest browser that draws this has not. */
function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function readUrl(text: string): Read<HomeserverInput> {
  const url = parseUrl(text);
  if (url === null) return { problem: "not_a_url" };
  const isWeb = url.protocol === "https:" || url.protocol === "http:";
  if (!isWeb || url.username !== "" || url.password !== "" || /\s/.test(text)) return { problem: "not_a_url" };
  // Whoever typed a number alone meant no address of a computer.
  const typedHost = /^[a-z]+:\/*(\[[^\]]*\]|[^/?#:]*)/i.exec(text)?.[1] ?? "";
  if (asServerName(typedHost) === null) return { problem: "not_a_url" };
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
  return { value: { kind: "url", baseUrl: trimBaseUrl(url.href), serverName: url.host } };
}

/** A base URL in the one form in which it is kept: without query, without what is asked below it, without a slash. */
export function trimBaseUrl(url: string): string {
  return url
    .replace(/[?#].*$/s, "")
    .replace(/\/(?:_matrix|\.well-known)(?:\/.*)?$/s, "")
    .replace(/\/+$/, "");
}

/**
 * A server name in lower case and in ASCII; null where it is none: host name, IPv4 or bracketed IPv6, each with an
 * optional port (Matrix specification, appendices, "Server name").
 */
export function asServerName(text: string): string | null {
  const [, host, port] = /^(\[[0-9a-f:.]{2,45}\]|[^\s/?#@:\\[\]%<>|^]{1,255})(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const url = host === undefined ? null : parseUrl(`https://${host}`);
  if (host === undefined || url === null) return null;
  const name = url.hostname.replace(/\.$/, "");
  const isNumber = /^[\d.]+$/.test(name);
  if (isNumber && name !== host.replace(/\.$/, "")) return null;
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/.test(name)) return null;
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) return null;
  return port === undefined ? name : `${name}:${port}`;
}

/** A user name alone or a full Matrix ID, whose server name comes out in lower case; the rest is the server's to judge. */
export function readUser(typed: string): Read<string> {
  const text = tidy(typed);
  if (text === "" || text === "@") return { problem: "empty" };
  if (/[\s\p{Cc}]/u.test(text)) return { problem: "has_spaces" };
  const [, localpart, server] = /^@?([^:]*):(.*)$/s.exec(text) ?? [];
  let user = text;
  if (localpart !== undefined && server !== undefined) {
    const serverName = asServerName(server.replace(/\/+$/, ""));
    if (serverName === null) return { problem: "not_a_server" };
    if (localpart === "") return { problem: "empty" };
    user = `@${localpart}:${serverName}`;
  } else if (text.startsWith("@")) {
    user = text.slice(1);
  }
  if (new TextEncoder().encode(user).length > MAX_USER_ID) return { problem: "too_long" };
  return { value: user };
}

/**
 * The name of a new user, in lower case (Matrix specification, appendices, "User identifiers"). Servers keep names of
 * digits alone for guests, and those that start with an underscore for bridges.
 *
 * @param serverName with which the whole Matrix ID must not be too long; null where it is not known
 */
export function readUsername(typed: string, serverName: string | null = null): Read<string> {
  const name = tidy(typed).toLowerCase();
  if (name === "") return { problem: "empty" };
  if (/\s/.test(name)) return { problem: "has_spaces" };
  if (!/^[a-z0-9=_\-./+]+$/.test(name)) return { problem: "not_allowed" };
  if (/^\d+$/.test(name)) return { problem: "only_digits" };
  if (name.startsWith("_")) return { problem: "starts_with_underscore" };
  const server = serverName ?? "";
  // No character takes more than three bytes for each unit of its length.
  const mayBeTooLong = name.length + 2 + 3 * server.length > MAX_USER_ID;
  const isTooLong = mayBeTooLong && new TextEncoder().encode(`@${name}:${server}`).length > MAX_USER_ID;
  return isTooLong ? { problem: "too_long" } : { value: name };
}

/**
 * An email address. Only its shape is looked at, because servers differ in what they take: beyond ASCII (RFC 6531),
 * and quoted names with blanks and a second @ (RFC 5321) are in use. A host has a dot, or is this computer: without one,
 * somebody has not typed all of it.
 */
export function readEmail(typed: string): Read<string> {
  const text = tidy(typed);
  if (text === "") return { problem: "empty" };
  if (text.length > MAX_EMAIL) return { problem: "too_long" };
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  const host = text.slice(at + 1);
  const localFits = /^"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])+"$/u.test(local) || /^[^\s@"\p{Cc}]+$/u.test(local);
  const hostFits = /^(?:\[[^\s[\]@\p{Cc}]+\]|localhost|[^\s@.[\]"\p{Cc}]+(?:\.[^\s@.[\]"\p{Cc}]+)+)$/u.test(host);
  return localFits && hostFits ? { value: text } : { problem: "not_an_email" };
}

/**
 * An email address that is given to somebody unproven. A server takes more than mail systems do, and compares in lower case:
 * what could be read as several addresses, or as another kind of contact, is refused.
 */
export function readContactEmail(typed: string): Read<string> {
  const { value, problem } = readEmail(typed);
  if (problem !== undefined) return { problem };
  return /^[^\s@",;:<>()[\]\\]+@[^\s@"',;:<>()[\]\\]+$/.test(value) ? { value: value.toLowerCase() } : { problem: "not_an_email" };
}

/** A phone number with what people put between its digits; the server knows which countries write what. */
export function readPhone(typed: string): Read<string> {
  const text = tidy(typed);
  if (text === "") return { problem: "empty" };
  if (text.length > MAX_PHONE) return { problem: "too_long" };
  const fits = /^\+?[\p{Nd}\s()./-]+$/u.test(text) && text.replace(/\P{Nd}/gu, "").length >= 3;
  return fits ? { value: text } : { problem: "not_a_number" };
}

/**
 * A phone number as servers keep it for somebody: the country's code and what follows it, digits alone (E.164). They store whatever an
 * admin sends, and find nobody by anything else.
 */
export function readMsisdn(typed: string): Read<string> {
  const { value, problem } = readPhone(typed);
  if (problem !== undefined) return { problem };
  // The 0 in brackets is dialled within the country alone.
  const digits = value
    .replace(/^((?:\+|00).*?)\(0\)/, "$1")
    .replace(/\D/g, "")
    .replace(/^00/, "");
  return /^[1-9]\d{5,14}$/.test(digits) ? { value: digits } : { problem: "not_a_number" };
}

/** A code as it was sent to a phone; people write it in groups. */
export function readCode(typed: string): Read<string> {
  const text = typed.replace(/[\s-]/gu, "");
  if (text === "") return { problem: "empty" };
  return text.length > MAX_CODE ? { problem: "too_long" } : { value: text };
}
