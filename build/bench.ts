import { glob, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { command } from "./command.ts";
import { cache, root, say } from "./paths.ts";
import { handOn, stage } from "./stage.ts";
import { startScreen } from "./xvfb.ts";

/** What a benchmark measured. `ratio` is ours / reference; `target` the largest ratio that is good enough. */
export interface Measured {
  ours: number;
  reference: number;
  ratio: number;
  unit: string;
  target?: number;
}

/** A module `tests/bench/<name>.bench.ts` exports `benchmarks: Benchmark[]`. */
export interface Benchmark {
  name: string;
  run(): Promise<Measured>;
}

type Result = { name: string } & Measured;

/**
 * Runs the benchmarks whose names are given, or all, prints a table, and writes `.cache/bench.json`. A run of some
 * keeps the earlier results of the others.
 * @returns exit code: 0 when all ran and met their targets
 */
async function runBenchmarks(names: string[]): Promise<number> {
  const benchmarks = await allBenchmarks();
  const chosen = benchmarks.filter(({ name }) => names.length === 0 || names.includes(name));
  if (chosen.length === 0) throw new Error(`no such benchmark. There are: ${benchmarks.map(({ name }) => name).join(", ")}`);
  const screen = await startScreen();
  if (screen !== undefined) process.env.DISPLAY = screen.display;
  const results: Result[] = [];
  const failures: string[] = [];
  try {
    handOn(await stage("bench", { production: true }));
    for (const benchmark of chosen) {
      say(`measuring ${benchmark.name}`);
      try {
        results.push({ name: benchmark.name, ...(await benchmark.run()) });
      } catch (error) {
        failures.push(`${benchmark.name}: ${(error as Error).message}`);
      }
    }
  } finally {
    await screen?.stop();
  }
  await save(results);
  process.stdout.write(`\n${table(results)}\n`);
  for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
  return failures.length > 0 || results.some((result) => !meets(result)) ? 1 : 0;
}

async function allBenchmarks(): Promise<Benchmark[]> {
  const all: Benchmark[] = [];
  const paths: string[] = [];
  for await (const path of glob("tests/bench/*.bench.ts", { cwd: root })) paths.push(path);
  for (const path of paths.sort()) {
    const module = (await import(pathToFileURL(join(root, path)).href)) as { benchmarks?: Benchmark[] };
    if (module.benchmarks === undefined) throw new Error(`${basename(path)} exports no benchmarks.`);
    all.push(...module.benchmarks);
  }
  return all;
}

async function save(results: Result[]): Promise<void> {
  const path = join(cache, "bench.json");
  const text = await readFile(path, "utf8").catch(() => "[]");
  const fresh = new Set(results.map(({ name }) => name));
  const kept = (JSON.parse(text) as Result[]).filter(({ name }) => !fresh.has(name));
  const list = [...kept, ...results].map(({ name, ours, reference, ratio, unit }) => ({ name, ours, reference, ratio, unit }));
  await mkdir(cache, { recursive: true });
  await writeFile(path, `${JSON.stringify(list, undefined, 2)}\n`);
}

const meets = ({ ratio, target }: Measured): boolean => target === undefined || ratio <= target;

function table(results: Result[]): string {
  const rows = results.map((result) => [
    result.name,
    `${round(result.ours)} ${result.unit}`,
    `${round(result.reference)} ${result.unit}`,
    result.ratio.toFixed(2),
    result.target === undefined ? "" : `<= ${result.target} ${meets(result) ? "met" : "MISSED"}`,
  ]);
  const all = [["benchmark", "ours", "reference", "ratio", "target"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Three digits are what a measurement on a shared machine is worth. */
const round = (value: number): string => String(Number(value.toPrecision(value >= 100 ? Math.ceil(Math.log10(value)) : 3)));

if (import.meta.main) {
  await command(() => runBenchmarks(process.argv.slice(2)));
}
