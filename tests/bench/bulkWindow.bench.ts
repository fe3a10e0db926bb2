import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Benchmark, Measured } from "../../build/bench.ts";
import { openWorld } from "../e2e/support/world.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { scrollOn, watchTheWindow } from "./scrolling.ts";

const ROWS = 100_000;
/** The longest that a frame of the window may take, in milliseconds. */
const MAX_FRAME_MS = 200;
/** The longest that main may take to answer, in milliseconds: with so many rows V8 stops it for its garbage. */
const MAX_ANSWER_MS = 1_000;

interface LongestWaits {
  /** Between two frames of the window. */
  readonly frameMs: number;
  /** For main to answer the window. */
  readonly answerMs: number;
}

/**
 * A file of so many users, chosen in the window: its columns are said, its rows looked at, scrolled and done. Measured is how long the
 * window and main keep a person waiting at most, from the moment that the file has been read.
 */
export async function measureWindow(rows: number): Promise<LongestWaits> {
  const folder = await temporaryFolder("bulk-window");
  const world = await openWorld({ with: ["proxy"] });
  try {
    const { person, synapse, proxy } = world;
    const path = join(folder.path, "staff.csv");
    await writeFile(path, `Kennung,Name\n${Array.from({ length: rows }, (_, at) => `new${at},Newcomer ${at}`).join("\n")}\n`);
    await person.hasAccount(proxy.baseUrl, await synapse.register({ user: "boss", password: "the boss of it all", admin: true }));
    await person.allAre("running");
    await person.app.electron.evaluate(
      ({ dialog }, file) => void Object.assign(dialog, { showOpenDialog: () => Promise.resolve({ canceled: false, filePaths: [file] }) }),
      path,
    );
    // Asking a real server for each of them takes longer than anybody wants to measure; so does making them.
    const nobody = { kind: "answer", status: 404, body: { errcode: "M_NOT_FOUND", error: "User not found" } } as const;
    proxy.addRule({ method: "GET", path: /\/v2\/users\/%40new/, times: Infinity, fault: nobody });
    const forbidden = { kind: "answer", status: 400, body: { errcode: "M_INVALID_PARAM", error: "not now" } } as const;
    proxy.addRule({ method: "PUT", path: /\/v2\/users\/%40new/, times: Infinity, fault: forbidden });
    await person.openAccount("boss", "Bulk jobs");
    await person.press("Create users: choose a file…");
    await person.sees("Which column is which?");
    const waits = await person.page.evaluateHandle(watchTheWindow);
    await person.page.getByRole("combobox", { name: "Kennung", exact: true }).selectOption("id");
    await person.press("Use these columns");
    await person.page.getByRole("table", { name: "Rows" }).waitFor();
    await person.page.evaluate(scrollOn, { scroller: "main", from: 0.5, pxPerSecond: 6_000, ms: 2_000 });
    const start = person.page.getByRole("button", { name: /^Create [\d,.]+ users$/, disabled: false });
    await start.click({ timeout: 600_000 });
    await person.page.getByRole("button", { name: "Show rows" }).click({ timeout: 120_000 });
    await person.page.evaluate(scrollOn, { scroller: "main", from: 0.5, pxPerSecond: 6_000, ms: 2_000 });
    return await waits.evaluate((watched) => watched.end());
  } finally {
    await world.close();
    await folder.remove();
  }
}

let waits: Promise<LongestWaits> | null = null;
/** Both are measured in one run. */
const longestWaits = (): Promise<LongestWaits> => (waits ??= measureWindow(ROWS));

const within = (ours: number, reference: number): Measured => ({ ours, reference, ratio: ours / reference, unit: "ms", target: 1 });

/** Files of very many users, in the window. */
export const benchmarks: Benchmark[] = [
  { name: "bulk.window.100k", run: async () => within((await longestWaits()).frameMs, MAX_FRAME_MS) },
  { name: "bulk.answer.100k", run: async () => within((await longestWaits()).answerMs, MAX_ANSWER_MS) },
];
