/** What a secret is for. One kind does not stand in for another. */
export type SecretKind =
  | "access token"
  | "refresh token"
  | "password"
  /** Or the Security Phrase that leads to it: either is typed in the same place. */
  | "Security Key"
  | "passphrase"
  /** Of a homeserver: who knows it registers admins. */
  | "shared secret"
  /** Of an identity or of a key backup, in base64. */
  | "private key"
  /** Opens the values in a crypto store. */
  | "storage key"
  | "code";

/** What stands for every secret wherever it is printed. */
export const PRINTED_SECRET = "[secret]";

/**
 * What must reach no log, no error, no page and no file in clear. As a text, in JSON, in a template and in what Node prints
 * of it, it is `[secret]`; there is one way to the value, `reveal`, and ESLint knows who may go it: what sends a secret,
 * seals it or hands it to a cipher. The log's redactor is the second net.
 *
 * The value lies in a private field, so a structured clone (IPC, worker threads) does not carry it, and two secrets are
 * compared by `equals` alone.
 */
abstract class Opaque<K extends SecretKind> {
  readonly kind: K;

  constructor(kind: K) {
    this.kind = kind;
  }

  toString(): string {
    return PRINTED_SECRET;
  }

  toJSON(): string {
    return PRINTED_SECRET;
  }

  /** What `util.inspect`, `console.log` and a failed assertion show; shared/ knows no Node, but the symbol is anybody's. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return PRINTED_SECRET;
  }
}

/** A text that is a secret. */
export class Secret<K extends SecretKind = SecretKind> extends Opaque<K> {
  readonly #value: string;

  constructor(kind: K, value: string) {
    super(kind);
    this.#value = value;
  }

  /** The value itself, for where it is sent or sealed. */
  reveal(): string {
    return this.#value;
  }

  get isEmpty(): boolean {
    return this.#value === "";
  }

  /** In UTF-16 code units. */
  get length(): number {
    return this.#value.length;
  }

  /** The same with text around it: what a file says, or what is signed. */
  between(before: string, after: string): Secret<K> {
    return new Secret(this.kind, `${before}${this.#value}${after}`);
  }

  /** Whether both are the same secret, of the same kind. */
  equals(other: Secret | null | undefined): boolean {
    return other != null && this.kind === other.kind && this.#value === other.#value;
  }
}

/** Bytes that are a secret: a key as a cipher takes it. */
export class SecretBytes<K extends SecretKind = SecretKind> extends Opaque<K> {
  readonly #bytes: Uint8Array;

  /** @param bytes are the secret's own from then on */
  constructor(kind: K, bytes: Uint8Array) {
    super(kind);
    this.#bytes = bytes;
  }

  /** The bytes themselves, for where they open or seal something. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  /** In bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Whether both are the same secret, of the same kind. How long it takes does not tell where they differ. */
  equals(other: SecretBytes | null | undefined): boolean {
    if (other == null || this.kind !== other.kind || this.length !== other.length) return false;
    return this.#bytes.reduce((difference, byte, at) => difference | (byte ^ other.#bytes[at]!), 0) === 0;
  }
}

export type AccessToken = Secret<"access token">;
export type RefreshToken = Secret<"refresh token">;
export type Password = Secret<"password">;
export type SecurityKey = Secret<"Security Key">;
/** What a Security Key says and a Security Phrase leads to: opens secret storage. */
export type SecurityKeyBytes = SecretBytes<"Security Key">;
/** Of an identity or of a key backup: what is stored as a secret, so that it may be no key at all. */
export type PrivateKey = Secret<"private key">;
export type StorageKey = SecretBytes<"storage key">;
export type Passphrase = Secret<"passphrase">;

/** Told of a secret before it is used, so that no log shows it. Texts are those that are a secret for a moment only. */
export type KeepOutOfLogs = (secret: string | Secret | SecretBytes) => void;

/**
 * JSON with the values of the secrets in it: the body of a request, or what is about to be sealed. Plain `JSON.stringify`
 * would write `[secret]`.
 */
export function revealedJson(content: unknown): string {
  return JSON.stringify(content, function (this: Record<string, unknown>, key, value: unknown) {
    // By now the value is what `toJSON` has made of it.
    const original = this[key];
    return original instanceof Secret ? original.reveal() : value;
  });
}
