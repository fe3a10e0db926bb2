import { once } from "node:events";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Benchmark, Measured } from "../../build/bench.ts";
import { bundle, threadName } from "../../build/bundle.ts";
import { electronVersion } from "../../build/purposes.ts";
import { cache, root, say } from "../../build/paths.ts";

/** What `roomKeysChild.ts` answers. */
interface Measurement {
  ms: number;
  growthMb: number;
  delayP99Ms: number;
}

const CHILD = join(import.meta.dirname, "roomKeysChild.ts");
const THREAD = join("main", `${threadName(root, join(root, "main/roomKeys/roomKeysWorker.ts"))}.cjs`);
/** Of several runs the quickest counts: on a shared machine every disturbance makes a run slower, none quicker. */
const RUNS = 3;
/** The reference takes its time: minutes for an export. */
const REFERENCE_RUNS: Record<string, number> = { export: 1, own: 1, write: 2, read: 2, decrypt: RUNS };

/** A folder with the app's bundle and with what is exported and imported; made once for all of these. */
let prepared: Promise<{ folder: string; thread: string }> | null = null;
const made = new Map<string, Promise<void>>();

async function prepare(): Promise<{ folder: string; thread: string }> {
  // Below the project, where the bundled thread finds the packages that are not bundled.
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "bench-room-keys-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  await bundle({ production: true, purpose: "bench", electron: electronVersion, target: join(folder, "out") });
  return { folder, thread: join(folder, "out", THREAD) };
}

/** Runs one measurement in a process of its own. */
async function child<T>(what: string, count: number): Promise<T> {
  prepared ??= prepare();
  const { folder, thread } = await prepared;
  const args = [CHILD, what, String(count), folder, thread];
  const running = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  running.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(running, "close")) as [number | null];
  if (code !== 0) throw new Error(`"${what}" with ${count} room keys ended with ${code}`);
  return JSON.parse(output) as T;
}

/** Makes the backup and the key file of so many room keys, or a session's store with them, unless it is there. */
function withKeys(what: string, count: number): Promise<void> {
  const maker = what.startsWith("own") ? "make own" : "make";
  const key = `${maker} ${count}`;
  const making = made.get(key) ?? child(maker, count).then(() => undefined);
  made.set(key, making);
  return making;
}

/** What each benchmark is made of: `ours`, and the reference. */
export const workloads = ["export", "own", "write", "read", "decrypt"] as const;

/** Does one workload once in both ways, with few room keys: a benchmark that nobody runs every day must not break unseen. */
export async function tryWorkload(what: (typeof workloads)[number], count: number): Promise<Measurement[]> {
  await withKeys(what, count);
  // One after the other: they write to the same files.
  return [await child<Measurement>(`${what} ours`, count), await child<Measurement>(`${what} wasm`, count)];
}

const kept = new Map<string, Promise<Measurement>>();

/** The best of some runs; asked for again, the same. Of the memory it is the most. */
function measured(what: string, count: number, runs = RUNS): Promise<Measurement> {
  const key = `${what} ${count}`;
  const known = kept.get(key);
  if (known) return known;
  const measuring = (async () => {
    await withKeys(what, count);
    const all: Measurement[] = [];
    for (let run = 0; run < runs; run += 1) all.push(await child<Measurement>(what, count));
    const least = (of: keyof Measurement): number => Math.min(...all.map((one) => one[of]));
    const growthMb = Math.max(...all.map((one) => one.growthMb));
    const best = { ms: least("ms"), growthMb, delayP99Ms: least("delayP99Ms") };
    const [ms, mb, delay] = [best.ms, best.growthMb, best.delayP99Ms].map(Math.round);
    say(`${key}: ${ms} ms, ${mb} MB, event loop p99 ${delay} ms`);
    return best;
  })();
  kept.set(key, measuring);
  return measuring;
}

function compared(ours: number, reference: number, unit: string, target?: number): Measured {
  return { ours, reference, ratio: ours / reference, unit, ...(target === undefined ? {} : { target }) };
}

async function timeOf(what: string, count: number, target: number): Promise<Measured> {
  const ours = await measured(`${what} ours`, count);
  const reference = await measured(`${what} wasm`, count, REFERENCE_RUNS[what]);
  return compared(ours.ms, reference.ms, "ms", target);
}

/** Memory is bounded by itself, whatever the reference takes. */
async function memoryOf(what: string, count: number, limitMb: number): Promise<Measured> {
  const ours = await measured(`${what} ours`, count);
  const reference = await measured(`${what} wasm`, count, REFERENCE_RUNS[what]);
  return compared(ours.growthMb, reference.growthMb, "MB", limitMb / reference.growthMb);
}

/** How long main's event loop stands still: 99 of 100 times for less than this. */
async function delayOf(what: string, count: number, limitMs: number): Promise<Measured> {
  const ours = await measured(`${what} ours`, count);
  const reference = await measured(`${what} wasm`, count, REFERENCE_RUNS[what]);
  return compared(ours.delayP99Ms, reference.delayP99Ms, "ms", limitMs / reference.delayP99Ms);
}

/**
 * Room keys in bulk, against the SDK and its WASM doing the same. "export": from the server's answer to the key file;
 * for the SDK that is to restore the backup into a session, to export from there and to encrypt. "write": from keys in
 * clear to the key file alone. "read": from the key file to keys. "decrypt": from the server's answer to keys. "own":
 * from the session's own store to the key file. "eventLoop": how long main's event loop stands still meanwhile.
 */
export const benchmarks: Benchmark[] = [
  { name: "keys.export.100k", run: () => timeOf("export", 100_000, 0.15) },
  { name: "keys.export.100k.memory", run: () => memoryOf("export", 100_000, 150) },
  { name: "keys.export.100k.eventLoop", run: () => delayOf("export", 100_000, 50) },
  { name: "keys.export.own.20k", run: () => timeOf("own", 20_000, 0.9) },
  { name: "keys.export.own.20k.memory", run: () => memoryOf("own", 20_000, 150) },
  { name: "keys.export.own.20k.eventLoop", run: () => delayOf("own", 20_000, 50) },
  { name: "keys.export.file.100k", run: () => timeOf("write", 100_000, 0.15) },
  { name: "keys.import.file.100k", run: () => timeOf("read", 100_000, 0.15) },
  { name: "keys.import.file.100k.memory", run: () => memoryOf("read", 100_000, 150) },
  { name: "keys.import.file.100k.eventLoop", run: () => delayOf("read", 100_000, 50) },
  { name: "backup.decrypt.20k", run: () => timeOf("decrypt", 20_000, 0.45) },
  {
    // Against ourselves: four times the keys, and the same memory.
    name: "keys.export.400k",
    run: async () => {
      const fourTimes = await measured("export ours", 400_000, 1);
      const hundred = await measured("export ours", 100_000);
      return compared(fourTimes.growthMb, hundred.growthMb, "MB", 1.2);
    },
  },
];
