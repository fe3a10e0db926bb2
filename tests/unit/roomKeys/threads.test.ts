import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WorkerPool } from "../../../main/roomKeys/workerPool.ts";
import { runWorker } from "../../../main/roomKeys/runWorker.ts";
import { errorOf } from "../../support/errorOf.ts";

/** A thread that runs this in place of ours. */
const threadOf = (code: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(`import { parentPort } from "node:worker_threads"; ${code}`)}`);
const WORK = { kind: "seal", publicKey: "" } as const;
/** Longer than the app waits for everything when it quits. */
const QUIT_MS = 5_000;

describe("a pool of threads", () => {
  it("says so when a thread ends by itself, to those that wait and to those that come later", async () => {
    const pool = new WorkerPool<string, string>(WORK, threadOf(`parentPort.on("message", () => process.exit(0));`));
    try {
      const given = pool.give("one", () => expect.fail("nothing was answered")).then(() => pool.drain());
      await expect(given).rejects.toThrow("ended before its work did");
      await expect(pool.give("another", () => undefined)).rejects.toThrow("ended before its work did");
      await expect(pool.drain()).rejects.toThrow("ended before its work did");
    } finally {
      await pool.close();
    }
  });

  it("says what a thread failed with, and ends in peace when it is closed", async () => {
    const broken = new WorkerPool<string, string>(WORK, threadOf(`parentPort.on("message", () => { throw new Error("oh") });`));
    await expect(broken.give("one", () => undefined).then(() => broken.drain())).rejects.toThrow("oh");
    await broken.close();
    const good = new WorkerPool<string, string>(
      WORK,
      threadOf(`parentPort.on("message", ({ id, batch }) => parentPort.postMessage({ id, result: batch + "!" }));`),
    );
    const results: string[] = [];
    for (const batch of ["a", "b", "c"]) await good.give(batch, (result) => void results.push(result));
    await good.drain();
    expect(results.sort()).toEqual(["a!", "b!", "c!"]);
    await good.close();
  });
});

describe("a thread that is cancelled", () => {
  it("is not waited for when it does not end, as while the system lets it wait for a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "steward-thread-"));
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const stuck = threadOf(`
      import { openSync } from "node:fs";
      parentPort.postMessage({ kind: "call", id: 1, name: "progress", argument: {} });
      openSync(${JSON.stringify(pipe)}, "r");
    `);
    const controller = new AbortController();
    const progress = (): Promise<void> => Promise.resolve(controller.abort());
    const started = performance.now();
    try {
      const task = { kind: "list", hasBackup: false, session: null } as const;
      expect(await errorOf(runWorker(task, { progress }, controller.signal, stuck))).toEqual({ kind: "cancelled" });
      expect(performance.now() - started).toBeLessThan(QUIT_MS);
    } finally {
      // Lets the thread go on, so that it can end.
      closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
      await rm(folder, { recursive: true });
    }
  });
});
