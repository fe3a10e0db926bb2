import { type Cipheriv, createCipheriv, createHmac, type Hmac, randomBytes } from "node:crypto";
import type { Passphrase } from "../../shared/secret.ts";
import { fileFailure } from "../storage/fileErrors.ts";
import { GrowingFile } from "../storage/growingFile.ts";
import { ArmourEncoder } from "./keyFileArmour.ts";
import { FORMAT_VERSION, HEAD_BYTES, IV_BYTES, keyFileKeys, ROUNDS, SALT_BYTES } from "./keyFileFormat.ts";

/** What seals the text of one file. */
interface Sealing {
  cipher: Cipheriv;
  hmac: Hmac;
}

/** Writes a key file piece by piece, as `GrowingFile` does. */
export class KeyFileWriter {
  readonly #file: GrowingFile;
  readonly #sealing: Promise<Sealing>;
  readonly #armour = new ArmourEncoder();

  private constructor(file: GrowingFile, sealing: Promise<Sealing>) {
    this.#file = file;
    this.#sealing = sealing;
  }

  /**
   * Begins a file. The keys are made of the passphrase beside what follows: the first text waits for them. Throws
   * `file_failed`.
   *
   * @param rounds of PBKDF2; fewer than usual are for tests
   */
  static async open(path: string, passphrase: Passphrase, rounds: number = ROUNDS): Promise<KeyFileWriter> {
    const salt = randomBytes(SALT_BYTES);
    const iv = randomBytes(IV_BYTES);
    // The counter's upper half begins low, so that implementations with 64-bit counters never overflow.
    iv[8] = (iv[8] as number) & 0x7f;
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = FORMAT_VERSION;
    salt.copy(head, 1);
    iv.copy(head, 1 + SALT_BYTES);
    head.writeUInt32BE(rounds, 1 + SALT_BYTES + IV_BYTES);
    const file = await GrowingFile.open(path);
    const sealing = keyFileKeys(passphrase, salt, rounds).then(({ aes, mac }) => ({
      cipher: createCipheriv("aes-256-ctr", aes, iv),
      hmac: createHmac("sha256", mac).update(head),
    }));
    // Whoever writes is told; a file that is discarded first has nobody to tell.
    sealing.catch(() => undefined);
    const writer = new KeyFileWriter(file, sealing);
    await writer.#append(head);
    return writer;
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
      await this.#file.append(this.#armour.end());
      await this.#file.finish();
    } catch (thrown) {
      await this.discard();
      throw fileFailure(thrown);
    }
  }

  /** Removes what was written; a file that had the name before is untouched. Never throws. */
  discard(): Promise<void> {
    return this.#file.discard();
  }

  #append(bytes: Buffer): Promise<void> {
    return this.#file.append(this.#armour.encode(bytes));
  }
}
