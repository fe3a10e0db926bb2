import { type Cipheriv, createCipheriv, createHmac, type Hmac, randomBytes } from "node:crypto";
import { fileFailure } from "../storage/fileErrors.ts";
import { renameDurably } from "../storage/durableFile.ts";
import { files, type OpenFile } from "../storage/fileLayer.ts";
import { ArmourEncoder } from "./keyFileArmour.ts";
import { FORMAT_VERSION, HEAD_BYTES, IV_BYTES, keyFileKeys, ROUNDS, SALT_BYTES } from "./keyFileFormat.ts";

const FILE_MODE = 0o600;

/** What seals the text of one file. */
interface Sealing {
  cipher: Cipheriv;
  hmac: Hmac;
}

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
  readonly #file: OpenFile;
  readonly #sealing: Promise<Sealing>;
  readonly #armour = new ArmourEncoder();
  #open = true;

  private constructor(path: string, file: OpenFile, sealing: Promise<Sealing>) {
    this.#path = path;
    this.#file = file;
    this.#sealing = sealing;
  }

  /**
   * Begins a file. The keys are made of the passphrase beside what follows: the first text waits for them. Throws
   * `file_failed`.
   *
   * @param rounds of PBKDF2; fewer than usual are for tests
   */
  static async open(path: string, passphrase: string, rounds: number = ROUNDS): Promise<KeyFileWriter> {
    const salt = randomBytes(SALT_BYTES);
    const iv = randomBytes(IV_BYTES);
    // The counter's upper half begins low, so that implementations with 64-bit counters never overflow.
    iv[8] = (iv[8] as number) & 0x7f;
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = FORMAT_VERSION;
    salt.copy(head, 1);
    iv.copy(head, 1 + SALT_BYTES);
    head.writeUInt32BE(rounds, 1 + SALT_BYTES + IV_BYTES);
    try {
      // What lies there is a leftover of ours, or a link that leads elsewhere: neither is to be written through.
      await files().rm(unfinishedName(path));
      const file = await files().open(unfinishedName(path), "wx", FILE_MODE);
      const sealing = keyFileKeys(passphrase, salt, rounds).then(({ aes, mac }) => ({
        cipher: createCipheriv("aes-256-ctr", aes, iv),
        hmac: createHmac("sha256", mac).update(head),
      }));
      // Whoever writes is told; a file that is discarded first has nobody to tell.
      sealing.catch(() => undefined);
      const writer = new KeyFileWriter(path, file, sealing);
      await writer.#append(head);
      return writer;
    } catch (thrown) {
      throw fileFailure(thrown);
    }
  }

  /** Adds clear text. Throws `file_failed`; the file is then gone. */
  async write(text: string): Promise<void> {
    const { cipher, hmac } = await this.#sealing;
    const sealed = cipher.update(text, "utf8");
    hmac.update(sealed);
    await this.#append(sealed);
  }

  /** Ends the file and gives it its name. Throws `file_failed`; the file is then gone. */
  async finish(): Promise<void> {
    try {
      // In counter mode nothing is left to be sealed at the end.
      const { hmac } = await this.#sealing;
      await this.#append(hmac.digest());
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
    await files().rm(unfinishedName(this.#path)).catch(() => undefined);
  }

  async #append(bytes: Buffer): Promise<void> {
    try {
      // writeFile goes on until all is written, or says why not.
      await this.#file.writeFile(this.#armour.encode(bytes));
    } catch (thrown) {
      await this.discard();
      throw fileFailure(thrown);
    }
  }
}
