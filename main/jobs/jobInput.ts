import { createHash } from "node:crypto";
import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import type { ConversationId } from "../../shared/ids.ts";
import { seal, unseal } from "../secrets/aesGcm.ts";
import { readIfThere, writeDurably } from "../storage/durableFile.ts";

/** How many rows are sealed in one go, while the window waits. */
const SLICE = 1000;

/** Which row of which Job something sealed belongs to. */
const labelOf = (jobId: ConversationId, row: number): string => `steward job ${jobId} row ${row}`;

/**
 * What a Job is to do, row by row, passwords among it: sealed row by row under a key that lies in the account's vault, and
 * bound to its place. Only the row that is being done is ever open.
 */
export class JobInput {
  readonly #jobId: ConversationId;
  readonly #key: Uint8Array;
  readonly #lines: readonly string[];

  private constructor(jobId: ConversationId, key: Uint8Array, lines: readonly string[]) {
    this.#jobId = jobId;
    this.#key = key;
    this.#lines = lines;
  }

  /**
   * Writes the rows down, as the schema encodes them: what it does not name is left out.
   * @returns the SHA-256 of what was written, as hex
   * @throws `file_failed`
   */
  static async write(path: string, jobId: ConversationId, key: Uint8Array, schema: z.ZodType, rows: readonly unknown[]): Promise<string> {
    const lines: string[] = [];
    for (const [at, row] of rows.entries()) {
      lines.push(`${seal(key, Buffer.from(JSON.stringify(z.encode(schema, row))), labelOf(jobId, at)).toString("base64")}\n`);
      if (lines.length % SLICE === 0) await new Promise(setImmediate);
    }
    const bytes = Buffer.from(lines.join(""));
    await writeDurably(path, bytes);
    return sha256(bytes);
  }

  /**
   * Opens what was written.
   * @throws `job_damaged` where it is gone, or not what was written; `file_failed`
   */
  static async open(path: string, jobId: ConversationId, key: Uint8Array, inputSha256: string): Promise<JobInput> {
    const bytes = await readIfThere(path);
    if (bytes === null || sha256(bytes) !== inputSha256) throw fail("job_damaged");
    return new JobInput(jobId, key, bytes.toString("latin1").split("\n"));
  }

  /** A row as it was given. @throws `job_damaged` */
  row(at: number): unknown {
    const opened = unseal(this.#key, Buffer.from(this.#lines[at] ?? "", "base64"), labelOf(this.#jobId, at));
    if (opened === null) throw fail("job_damaged");
    return JSON.parse(opened.toString("utf8"));
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
