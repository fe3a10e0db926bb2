import { createDecipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { fail } from "../../shared/errors.ts";
import type { Passphrase } from "../../shared/secret.ts";
import { fileFailure } from "../storage/fileErrors.ts";
import { ArmourDecoder } from "./keyFileArmour.ts";
import {
  FORMAT_VERSION,
  HEAD_BYTES,
  isOtherInLatin1,
  IV_BYTES,
  keyFileKeys,
  type KeyFileKeys,
  MAC_BYTES,
  MAX_FILE_BYTES,
  MAX_ROUNDS,
  SALT_BYTES,
} from "./keyFileFormat.ts";

const PIECE_BYTES = 1024 * 1024;
/** Enough text for the head of the format behind blanks and the first line. */
const BEGINNING_BYTES = 128 * 1024;

interface Head {
  salt: Buffer;
  iv: Buffer;
  rounds: number;
}

/** What is told while a file is checked and read: both take the same time for each byte. */
export type OnRead = (bytes: number) => void;

/**
 * A key file that was opened with its passphrase. Nothing of it is handed out before its MAC was found right, over the
 * whole file; what is read after that must be the very bytes that were checked.
 */
export class KeyFileReader {
  readonly sizeBytes: number;
  readonly #file: FileHandle;
  #head: Head | null = null;
  #keys: KeyFileKeys | null = null;
  /** How many bytes of cipher text there are, and the digest of the file up to each piece. */
  #cipherBytes = 0;
  readonly #digests: Buffer[] = [];

  private constructor(file: FileHandle, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  /** Opens a file; `check` must follow. Throws `file_failed`, `not_a_key_file` for a folder, `too_large`. */
  static async open(path: string): Promise<KeyFileReader> {
    let file: FileHandle | null = null;
    try {
      file = await open(path, "r");
      const stat = await file.stat();
      if (!stat.isFile()) throw fail("not_a_key_file");
      if (stat.size > MAX_FILE_BYTES) throw fail("too_large", { limitBytes: MAX_FILE_BYTES });
      return new KeyFileReader(file, stat.size);
    } catch (thrown) {
      await file?.close().catch(() => undefined);
      throw fileFailure(thrown);
    }
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }

  /**
   * Looks at the beginning alone. Throws `not_a_key_file`, `key_file_cut` or `key_file_rounds`.
   */
  async readHead(): Promise<void> {
    const armour = new ArmourDecoder();
    const text = await this.#read(Buffer.alloc(BEGINNING_BYTES), 0);
    const bytes = armour.decode(text);
    if (bytes.length < HEAD_BYTES) {
      if (text.length < BEGINNING_BYTES) armour.end();
      throw fail("not_a_key_file");
    }
    this.#head = headOf(bytes);
  }

  /**
   * Derives the keys and reads the whole file to check its MAC. Throws as `readHead` does; `key_file_wrong_passphrase`
   * when the MAC is wrong, which a changed file looks like too; `key_file_cut`.
   */
  async check(passphrase: Passphrase, signal: AbortSignal, onRead: OnRead): Promise<void> {
    if (!this.#head) await this.readHead();
    const { salt, rounds } = this.#head as Head;
    const possible = [await keyFileKeys(passphrase, salt, rounds)];
    if (isOtherInLatin1(passphrase)) possible.push(await keyFileKeys(passphrase, salt, rounds, "latin1"));
    const hmacs = possible.map(({ mac }) => createHmac("sha256", mac));
    const digest = createHash("sha256");
    // The last bytes are the MAC, and only the end tells which those are.
    let held: Buffer = Buffer.alloc(0);
    let total = 0;
    for await (const bytes of this.#decoded(signal, onRead)) {
      digest.update(bytes);
      this.#digests.push(digest.copy().digest());
      total += bytes.length;
      const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const ready = Math.max(0, all.length - MAC_BYTES);
      for (const hmac of hmacs) hmac.update(all.subarray(0, ready));
      held = Buffer.from(all.subarray(ready));
    }
    if (total < HEAD_BYTES + MAC_BYTES) throw fail("key_file_cut");
    const right = hmacs.findIndex((hmac) => timingSafeEqual(hmac.digest(), held));
    if (right < 0) throw fail("key_file_wrong_passphrase");
    this.#cipherBytes = total - HEAD_BYTES - MAC_BYTES;
    this.#keys = possible[right] ?? null;
  }

  /** The clear text of a file that was checked, in pieces. Throws `key_file_cut` when the file has changed since. */
  async *clearText(signal: AbortSignal, onRead: OnRead): AsyncGenerator<Buffer, void> {
    const { iv } = this.#head as Head;
    if (!this.#keys) throw new Error("The key file was not checked");
    const decipher = createDecipheriv("aes-256-ctr", this.#keys.aes, iv);
    const digest = createHash("sha256");
    let skip = HEAD_BYTES;
    let left = this.#cipherBytes;
    let piece = 0;
    for await (const bytes of this.#decoded(signal, onRead)) {
      digest.update(bytes);
      if (!this.#digests[piece]?.equals(digest.copy().digest())) throw fail("key_file_cut");
      piece += 1;
      const cipherText = bytes.subarray(skip, skip + left);
      skip = Math.max(0, skip - bytes.length);
      left -= cipherText.length;
      if (cipherText.length > 0) yield decipher.update(cipherText);
    }
    if (left > 0) throw fail("key_file_cut");
  }

  async *#decoded(signal: AbortSignal, onRead: OnRead): AsyncGenerator<Buffer, void> {
    const armour = new ArmourDecoder();
    const room = Buffer.allocUnsafe(PIECE_BYTES);
    for (let position = 0; ;) {
      if (signal.aborted) throw fail("cancelled");
      const text = await this.#read(room, position);
      if (text.length === 0) break;
      position += text.length;
      onRead(text.length);
      const bytes = armour.decode(text);
      if (bytes.length > 0) yield bytes;
    }
    armour.end();
  }

  /** Fills the room as far as there is something left to read. */
  async #read(room: Buffer, position: number): Promise<Buffer> {
    let filled = 0;
    try {
      while (filled < room.length) {
        const { bytesRead } = await this.#file.read(room, filled, room.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (thrown) {
      throw fileFailure(thrown);
    }
    return room.subarray(0, filled);
  }
}

function headOf(bytes: Buffer): Head {
  if (bytes[0] !== FORMAT_VERSION) throw fail("not_a_key_file");
  const rounds = bytes.readUInt32BE(1 + SALT_BYTES + IV_BYTES);
  if (rounds < 1 || rounds > MAX_ROUNDS) throw fail("key_file_rounds", { rounds, most: MAX_ROUNDS });
  return {
    salt: Buffer.from(bytes.subarray(1, 1 + SALT_BYTES)),
    iv: Buffer.from(bytes.subarray(1 + SALT_BYTES, 1 + SALT_BYTES + IV_BYTES)),
    rounds,
  };
}
