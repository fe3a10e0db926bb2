import { PRINTED_SECRET, Secret, SecretBytes } from "../../shared/secret.ts";
import { errorFields } from "./errorFields.ts";
import { judgeName } from "./secretNames.ts";
import type { NameSays } from "./secretNames.ts";
import { isSecret, REDACTED, redactText } from "./secretPatterns.ts";

export { REDACTED } from "./secretPatterns.ts";

/** Longer texts are cut; what a log needs is at their start. */
const MAX_TEXT = 16 * 1024;
/** More than any secret without a telling start: cut off with the end, so that half a secret does not stay. */
const CUT_MARGIN = 512;
const MAX_DEPTH = 8;
const MAX_ITEMS = 200;

/** What one value may still become: without it, a wide and deep one would be without bound. */
interface Room {
  characters: number;
  values: number;
}
const ROOM: Readonly<Room> = { characters: MAX_TEXT, values: 2_000 };
const NO_ROOM = "[cut]";

/** Exact texts that must not be seen: every token in use, and those of before as long as they may still be worth something. */
export class SecretsToRedact {
  readonly #forms = new Map<string, readonly string[]>();

  /** Texts of fewer than 6 characters are not taken: they would blank out ordinary words. */
  add(secret: string | Secret | SecretBytes): void {
    const value = textOf(secret);
    if (value.length >= 6) this.#forms.set(value, formsOf(value));
  }

  /** A value that is worth nothing any more: each one that stays makes every line a little slower. */
  remove(secret: string | Secret | SecretBytes): void {
    this.#forms.delete(textOf(secret));
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

/** Bytes are written in base64 where they are written at all; without padding, so that they are found with it, too. */
function textOf(secret: string | Secret | SecretBytes): string {
  if (typeof secret === "string") return secret;
  const value = secret.reveal();
  return typeof value === "string" ? value : Buffer.from(value).toString("base64").replace(/=+$/, "");
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
    return this.#cut(text, MAX_TEXT);
  }

  /**
   * A copy of `value` that can be written as JSON and holds no secrets: bounded in depth and size, without cycles. Of an
   * error it holds what `errorFields` names.
   */
  value(value: unknown): unknown {
    return this.#value(value, "nothing", 0, new Set(), { ...ROOM });
  }

  #cut(text: string, longest: number): string {
    if (text.length <= longest) return this.#whole(text);
    const clean = this.#whole(text.slice(0, longest));
    return `${clean.slice(0, Math.max(0, clean.length - CUT_MARGIN))} [${text.length} characters, cut]`;
  }

  #whole(text: string): string {
    let clean = redactText(this.#secrets.redact(text));
    for (const home of this.#homes) clean = clean.replaceAll(home, "~");
    return clean;
  }

  /** As `text`, within the room that is left. */
  #within(room: Room, text: string): string {
    if (room.characters <= 0) return NO_ROOM;
    const clean = this.#cut(text, room.characters);
    room.characters -= clean.length;
    return clean;
  }

  #value(value: unknown, name: NameSays, depth: number, above: Set<object>, room: Room): unknown {
    room.values -= 1;
    if (typeof value === "string") return isSecret(name, value) ? REDACTED : this.#within(room, value);
    if (typeof value === "bigint" || typeof value === "symbol") return this.#within(room, String(value));
    if (typeof value === "function") return "[function]";
    if (typeof value !== "object" || value === null) return value;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof Secret || value instanceof SecretBytes) return PRINTED_SECRET;
    if (value instanceof Date) return Number.isNaN(value.valueOf()) ? "[no date]" : value.toISOString();
    if (value instanceof URL) return this.#within(room, value.href);
    if (above.has(value)) return "[circular]";
    if (depth >= MAX_DEPTH) return "[deep]";
    if (room.values <= 0 || room.characters <= 0) return NO_ROOM;
    const within = new Set(above).add(value);
    if (Array.isArray(value) || value instanceof Set) {
      return firstOf(value).map((item) => this.#value(item, name, depth + 1, within, room));
    }
    const pairs: readonly (readonly [unknown, unknown])[] = value instanceof Map ? firstOf(value) : pairsOf(value);
    return Object.fromEntries(
      pairs.map(([key, item]): [string, unknown] => {
        const says = name === "secret" || name === "phrase" ? name : judgeName(nameOf(key));
        return [this.#within(room, nameOf(key)), this.#value(item, says, depth + 1, within, room)];
      }),
    );
  }
}

/** Longer than any name of a field that says something about its value. */
const MAX_NAME = 1_000;

/** What a key is called: one that is no text may be anything, and may not want to be made one. */
function nameOf(key: unknown): string {
  if (typeof key === "string") return key.slice(0, MAX_NAME);
  return typeof key === "number" || typeof key === "symbol" ? String(key) : `[${typeof key}]`;
}

function firstOf<T>(items: Iterable<T>): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length === MAX_ITEMS) break;
    first.push(item);
  }
  return first;
}

/** An error's fields are not enumerable, and a getter may throw. */
function pairsOf(value: object): [string, unknown][] {
  if (value instanceof Error) return Object.entries(errorFields(value));
  const pairs: [string, unknown][] = [];
  for (const key of Object.keys(value).slice(0, MAX_ITEMS)) {
    try {
      const item: unknown = (value as Record<string, unknown>)[key];
      if (item !== undefined) pairs.push([key, item]);
    } catch {
      pairs.push([key, "[unreadable]"]);
    }
  }
  return pairs;
}

/** The home directory in the notations in which paths turn up: as it is, escaped in JSON, as a file URL. */
function homePatterns(homeDirectory: string): RegExp[] {
  const home = homeDirectory.replace(/[\\/]+$/, "");
  if (home.length < 2) return [];
  const slashed = home.replaceAll("\\", "/");
  const forms = [home, home.replaceAll("\\", "\\\\"), slashed, encodeURI(slashed), encodeURIComponent(home)];
  return [...new Set(forms)].map((form) => new RegExp(form.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`), "gi"));
}
