import { type Cipheriv, createCipheriv, createHmac, type Hmac, randomBytes } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { fileFailure } from "../../storage/fileErrors.ts";
import { renameDurably } from "../../storage/durableFile.ts";
import { ArmourEncoder } from "./keyFileArmour.ts";
import { FORMAT_VERSION, HEAD_BYTES, IV_BYTES, keyFileKeys, ROUNDS, SALT_BYTES } from "./keyFileFormat.ts";

const FILE_MODE = 0o600;

/** The name under which a key file grows until it is whole. */
export function unfinishedName(path: string): string {
  return `${path}.part`;
}

/**
 * Writes a key file piece by piece. It grows under another name, readable by this person alone, and gets its own name
 * when all of it is on the disk; a file that had the name before is there until then.
 */
export class KeyFileWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #cipher: Cipheriv;
  readonly #hmac: Hmac;
  readonly #armour = new ArmourEncoder();
  #open = true;

  private constructor(path: string, file: FileHandle, cipher: Cipheriv, hmac: Hmac) {
    this.#path = path;
    this.#file = file;
    this.#cipher = cipher;
    this.#hmac = hmac;
  }

  /**
   * Begins a file. Throws `file_failed`.
   *
   * @param rounds of PBKDF2; fewer than usual are for tests
   */
  static async open(path: string, passphrase: string, rounds: number = ROUNDS): Promise<KeyFileWriter> {
    const salt = randomBytes(SALT_BYTES);
    const iv = randomBytes(IV_BYTES);
    // The counter's upper half begins low, so that implementations with 64-bit counters never overflow.
    iv[8] = (iv[8] as number) & 0x7f;
    const keys = await keyFileKeys(passphrase, salt, rounds);
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = FORMAT_VERSION;
    salt.copy(head, 1);
    iv.copy(head, 1 + SALT_BYTES);
    head.writeUInt32BE(rounds, 1 + SALT_BYTES + IV_BYTES);
    try {
      // What lies there is a leftover of ours, or a link that leads elsewhere: neither is to be written through.
      await rm(unfinishedName(path), { force: true });
      const file = await open(unfinishedName(path), "wx", FILE_MODE);
      const cipher = createCipheriv("aes-256-ctr", keys.aes, iv);
      const writer = new KeyFileWriter(path, file, cipher, createHmac("sha256", keys.mac));
      await writer.#write(head);
      return writer;
    } catch (thrown) {
      throw fileFailure(thrown);
    }
  }

  /** Adds clear text. Throws `file_failed`; the file is then gone. */
  async write(text: string): Promise<void> {
    await this.#write(this.#cipher.update(text, "utf8"));
  }

  /** Ends the file and gives it its name. Throws `file_failed`; the file is then gone. */
  async finish(): Promise<void> {
    try {
      await this.#write(this.#cipher.final());
      const mac = this.#hmac.digest();
      await this.#file.writeFile(this.#armour.encode(mac));
      await this.#file.writeFile(this.#armour.end());
      await this.#file.sync();
      this.#open = false;
      await this.#file.close();
      await renameDurably(unfinishedName(this.#path), this.#path);
    } catch (thrown) {
      await this.discard();
      throw fileFailure(thrown);
    }
  }

  /** Removes what was written; a file that had the name before is untouched. Never throws. */
  async discard(): Promise<void> {
    if (this.#open) await this.#file.close().catch(() => undefined);
    this.#open = false;
    await rm(unfinishedName(this.#path), { force: true }).catch(() => undefined);
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#hmac.update(bytes);
    try {
      // writeFile goes on until all is written, or says why not.
      await this.#file.writeFile(this.#armour.encode(bytes));
    } catch (thrown) {
      await this.discard();
      throw fileFailure(thrown);
    }
  }
}
