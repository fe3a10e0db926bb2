import { createHash } from "node:crypto";
import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import type { ConversationId } from "../../shared/ids.ts";
import { seal, unseal } from "../secrets/aesGcm.ts";
import { readIfThere, writeDurably } from "../storage/durableFile.ts";

/** How many rows are sealed in one go, and how many bytes are looked at, while the window waits. */
const SLICE = 200;
const BYTES_A_SLICE = 1024 * 1024;

/** Which row of which Job something sealed belongs to. */
const labelOf = (jobId: ConversationId, row: number): string => `steward job ${jobId} row ${row}`;

/**
 * What a Job is to do, row by row, passwords among it: sealed row by row under a key that lies in the account's vault, and
 * bound to its place. Only the row that is being done is ever open.
 */
export class JobInput {
  readonly #jobId: ConversationId;
  readonly #key: Uint8Array;
  readonly #bytes: Buffer;
  /** Where each row ends in them. */
  readonly #ends: readonly number[];

  private constructor(jobId: ConversationId, key: Uint8Array, bytes: Buffer, ends: readonly number[]) {
    this.#jobId = jobId;
    this.#key = key;
    this.#bytes = bytes;
    this.#ends = ends;
  }

  /**
   * Writes the rows down, as the schema encodes them: what it does not name is left out.
   * @returns the SHA-256 of what was written, as hex
   * @throws `file_failed`
   */
  static async write(path: string, jobId: ConversationId, key: Uint8Array, schema: z.ZodType, rows: readonly unknown[]): Promise<string> {
    const hash = createHash("sha256");
    const pieces: Buffer[] = [];
    for (let from = 0; from < rows.length; from += SLICE) {
      const lines = rows.slice(from, from + SLICE).map((row, index) => {
        const sealed = seal(key, Buffer.from(JSON.stringify(z.encode(schema, row))), labelOf(jobId, from + index));
        return `${sealed.toString("base64")}\n`;
      });
      const piece = Buffer.from(lines.join(""));
      hash.update(piece);
      pieces.push(piece);
      await new Promise(setImmediate);
    }
    await writeDurably(path, Buffer.concat(pieces));
    return hash.digest("hex");
  }

  /**
   * Opens what was written.
   * @throws `job_damaged` where it is gone, or not what was written; `file_failed`
   */
  static async open(path: string, jobId: ConversationId, key: Uint8Array, inputSha256: string): Promise<JobInput> {
    const bytes = (await readIfThere(path)) ?? Buffer.alloc(0);
    const hash = createHash("sha256");
    const ends: number[] = [];
    for (let from = 0; from < bytes.length; from += BYTES_A_SLICE) {
      const slice = bytes.subarray(from, from + BYTES_A_SLICE);
      hash.update(slice);
      for (let end = slice.indexOf("\n"); end >= 0; end = slice.indexOf("\n", end + 1)) ends.push(from + end);
      await new Promise(setImmediate);
    }
    if (hash.digest("hex") !== inputSha256) throw fail("job_damaged");
    return new JobInput(jobId, key, bytes, ends);
  }

  /** A row as it was given. @throws `job_damaged` */
  row(at: number): unknown {
    const line = this.#bytes.toString("latin1", at === 0 ? 0 : (this.#ends[at - 1] ?? 0) + 1, this.#ends[at] ?? 0);
    const opened = unseal(this.#key, Buffer.from(line, "base64"), labelOf(this.#jobId, at));
    if (opened === null) throw fail("job_damaged");
    return JSON.parse(opened.toString("utf8"));
  }
}
