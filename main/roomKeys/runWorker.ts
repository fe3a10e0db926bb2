import { Worker } from "node:worker_threads";
import { AppFailure, fail } from "../../shared/errors.ts";
import { inTime } from "../storage/inTime.ts";
import { forThread } from "./crossing.ts";
import { type FromThread, type ResultOf, type RoomKeysTask, type WorkerCalls, type ToThread } from "./workerProtocol.ts";

/**
 * How long a cancelled thread may take to clean up, and then to end, in milliseconds. The app waits five seconds in all
 * when it quits, and the sessions are stopped after this.
 */
const CLEAN_UP_MS = 1_500;
const END_MS = 1_000;
/** Short-lived garbage is all there is: a small nursery keeps the memory small. */
const LIMITS = { maxYoungGenerationSizeMb: 8 };

const refuse = (): Promise<never> => Promise.reject(new Error("The thread asked for what its task does not need"));
/** What a task that does without a call is answered: nobody listens to how it goes, and there is nothing to be had. */
const WITHOUT: WorkerCalls = {
  pull: refuse,
  pullInto: refuse,
  progress: () => Promise.resolve(),
  problem: () => Promise.resolve(),
  readStore: refuse,
  readOtherStore: refuse,
  deliver: refuse,
};

/**
 * Does a task in a thread of its own and answers its calls. Rejects with what failed, in the thread or in a call; when
 * the signal is aborted, with `cancelled`, after the thread has cleaned up or has taken too long over it.
 *
 * @param given answers the calls that the task makes
 * @param module what runs in the thread; the bundled one, where that is measured
 */
export async function runWorker<T extends RoomKeysTask>(
  task: T,
  given: Partial<WorkerCalls>,
  signal: AbortSignal,
  module: URL = new URL("./roomKeysWorker.ts", import.meta.url),
): Promise<ResultOf<T>> {
  if (signal.aborted) throw fail("cancelled");
  const calls = { ...WITHOUT, ...given };
  const worker = new Worker(module, { workerData: forThread(task), resourceLimits: LIMITS });
  let overdue: NodeJS.Timeout | undefined;
  let giveUp: () => void = () => undefined;
  /** What a call failed with is what the person is told, not what the thread makes of it. */
  let callFailed: { thrown: unknown } | null = null;
  const say = (message: ToThread, transfer: ArrayBuffer[] = []): void => worker.postMessage(message, transfer);
  const cancel = (): void => {
    say({ kind: "cancel" });
    overdue = setTimeout(() => giveUp(), CLEAN_UP_MS);
  };
  signal.addEventListener("abort", cancel, { once: true });

  const answer = async ({ id, name, argument }: Extract<FromThread, { kind: "call" }>): Promise<void> => {
    try {
      const value = await calls[name](argument as never);
      say({ kind: "answer", id, value }, value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : []);
    } catch (thrown) {
      callFailed ??= { thrown };
      const error = thrown instanceof AppFailure ? thrown.error : ({ kind: "internal", ref: "call" } as const);
      say({ kind: "refused", id, error });
    }
  };
  try {
    return await new Promise<ResultOf<T>>((resolve, reject) => {
      giveUp = () => reject(fail("cancelled"));
      worker.on("error", reject);
      worker.on("exit", () => reject(new Error("The thread ended before its work did")));
      worker.on("message", (message: FromThread) => {
        if (message.kind === "call") void answer(message);
        else if (message.kind === "done") resolve(message.result as ResultOf<T>);
        else if (message.kind === "failed") reject(new AppFailure(message.error));
        else reject(Object.assign(new Error(message.message), { stack: message.stack }));
      });
    });
  } catch (thrown) {
    if (signal.aborted) throw fail("cancelled");
    throw (callFailed as { thrown: unknown } | null)?.thrown ?? thrown;
  } finally {
    signal.removeEventListener("abort", cancel);
    clearTimeout(overdue);
    // A thread that waits for the system, or for the many rounds of a passphrase, ends only when that is done.
    await inTime(worker.terminate(), END_MS);
  }
}
