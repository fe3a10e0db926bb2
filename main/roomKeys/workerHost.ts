import type { MessagePort } from "node:worker_threads";
import { AppFailure } from "../../shared/errors.ts";
import type { FromThread, WorkerCalls, ToThread } from "./workerProtocol.ts";

/** A Job remembers no more, and a backup may be broken from end to end. */
const MAX_PROBLEMS = 200;

/** The thread's side of its conversation with the one that started it. */
export interface WorkerHost extends WorkerCalls {
  /** Aborted when the work is to stop; what was begun is then to be cleaned up. */
  readonly signal: AbortSignal;
}

/** Listens to the port, and lets each call wait for its answer. */
export function connectToHost(port: MessagePort): WorkerHost {
  const controller = new AbortController();
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (reason: unknown) => void }>();
  let lastId = 0;
  port.on("message", (message: ToThread) => {
    if (message.kind === "cancel") return controller.abort();
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === "answer") call?.resolve(message.value);
    else call?.reject(new AppFailure(message.error));
  });
  const call =
    <N extends keyof WorkerCalls>(name: N) =>
    (argument?: unknown): ReturnType<WorkerCalls[N]> => {
      const id = (lastId += 1);
      const answered = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
      port.postMessage({ kind: "call", id, name, argument } satisfies FromThread);
      return answered as ReturnType<WorkerCalls[N]>;
    };
  const tell = call("problem");
  let told = 0;
  return {
    signal: controller.signal,
    pull: call("pull"),
    pullInto: call("pullInto"),
    progress: call("progress"),
    problem: (problem) => ((told += 1) > MAX_PROBLEMS ? Promise.resolve() : tell(problem)),
    readStore: call("readStore"),
    readOtherStore: call("readOtherStore"),
    deliver: call("deliver"),
  };
}
