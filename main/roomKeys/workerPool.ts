import { availableParallelism, cpus } from "node:os";
import { Worker } from "node:worker_threads";
import { forThread } from "./crossing.ts";
import type { CryptoWork } from "./poolWorker.ts";

/** More threads gain little beside reading and writing, and each takes its memory. */
const MAX_THREADS = 4;
/** Batches that a thread has before it: one in work and one that waits, so that it never idles. */
const BATCHES_PER_THREAD = 2;
/** In a smaller nursery the keys of OpenSSL live long enough to be collected one by one, a tenth of all time. */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 32 };

interface Member {
  worker: Worker;
  batches: number;
}

/**
 * Threads that open or seal backup entries: nearly all of the time of an export or import is spent there. Batches may
 * be answered in another order than they were given.
 */
export class WorkerPool<B, R> {
  readonly #members: Member[];
  readonly #waiting = new Map<number, { resolve: (result: R) => void; reject: (reason: unknown) => void }>();
  readonly #running = new Set<Promise<unknown>>();
  #lastId = 0;
  #failed: { reason: unknown } | null = null;
  #closing = false;

  /** @param module what runs in the threads; another one in tests */
  constructor(work: CryptoWork, module: URL = new URL("./poolWorker.ts", import.meta.url)) {
    // Node 18 before 18.14 lacks availableParallelism.
    const cores = typeof availableParallelism === "function" ? availableParallelism() : cpus().length;
    this.#members = Array.from({ length: Math.max(1, Math.min(MAX_THREADS, cores)) }, () => this.#member(work, module));
  }

  /**
   * Hands a batch to a thread and `onResult` what comes of it. Resolves when there is room for the next batch; throws
   * what an earlier one failed with, and Error when a thread has ended by itself.
   */
  async give(batch: B, onResult: (result: R) => void | Promise<void>): Promise<void> {
    this.#throwFailed();
    const member = this.#members.reduce((least, other) => (other.batches < least.batches ? other : least));
    const id = (this.#lastId += 1);
    member.batches += 1;
    const answered = new Promise<R>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    member.worker.postMessage({ id, batch });
    const done = answered
      .finally(() => (member.batches -= 1))
      .then(onResult)
      .catch((reason: unknown) => void (this.#failed ??= { reason }))
      .finally(() => this.#running.delete(done));
    this.#running.add(done);
    while (this.#running.size >= this.#members.length * BATCHES_PER_THREAD) await Promise.race(this.#running);
    this.#throwFailed();
  }

  /** Resolves when all batches have been dealt with; throws what one failed with. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
    this.#throwFailed();
  }

  /** Ends the threads, whatever they are at. What still waits is never answered. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }

  #throwFailed(): void {
    if (this.#failed) throw this.#failed.reason;
  }

  #member(work: CryptoWork, module: URL): Member {
    const worker = new Worker(module, { workerData: forThread(work), resourceLimits: LIMITS });
    worker.on("message", ({ id, result }: { id: number; result: R }) => {
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    });
    worker.on("error", (reason) => this.#fail(reason));
    // A thread may end without an error: then nothing that it was given is ever answered.
    worker.on("exit", () => this.#closing || this.#fail(new Error("A thread of the pool ended before its work did")));
    return { worker, batches: 0 };
  }

  #fail(reason: unknown): void {
    this.#failed ??= { reason };
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
