import { randomInt } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ensureOlderSynapse, ensureSynapse } from "../tests/support/synapseVenv.ts";
import { command } from "./command.ts";
import { conclude, sumUp } from "./conclude.ts";
import { type Electron, findElectron } from "./electron.ts";
import { type Level, levels } from "./levels.ts";
import { lint } from "./lint.ts";
import { cache, complain, root, say } from "./paths.ts";
import { run } from "./processes.ts";
import { sandboxTrouble } from "./sandbox.ts";
import { handOn, stage } from "./stage.ts";
import { type Outcome, reportVariable } from "./testReporter.ts";
import { displaysVariable, type Screen, startScreen } from "./xvfb.ts";

/** Every random choice of a test follows from this number; the same number makes the same choices. */
const seedVariable = "STEWARD_SEED";

/**
 * Runs the levels that are named, or all; further words are paths or parts of them that choose among a level's files.
 * Ends with `N passed, N failed`.
 * @returns exit code: 0 when something ran and nothing failed
 */
export async function runTests(words: string[]): Promise<number> {
  const named = levels.filter(({ name }) => words.includes(name));
  const chosen = named.length > 0 ? named : levels;
  const filters = words.filter((word) => !levels.some(({ name }) => name === word));
  const seed = (process.env[seedVariable] ??= String(randomInt(2 ** 31)));
  say(`seed ${seed} (the same choices again: ${seedVariable}=${seed} npm test)`);
  const outcomes: Outcome[] = [];
  const screens = await startScreens(Math.max(0, ...chosen.map(({ app, workers }) => (app === undefined ? 0 : workers))));
  let electron: Electron | undefined;
  let staged = false;
  try {
    for (const level of chosen) {
      const started = performance.now();
      say(`level ${level.name}`);
      let results: Outcome[];
      try {
        const note = (await level.whyNot?.(named.includes(level))) ?? null;
        if (note !== null) {
          outcomes.push({ name: level.name, state: "skipped", note });
          say(`level ${level.name} is skipped: ${note}`);
          continue;
        }
        await level.prepare?.();
        if (level.homeserver === "older") await ensureOlderSynapse();
        else if (level.homeserver) await ensureSynapse();
        if (level.app !== undefined && electron === undefined) {
          electron = await findElectron();
          const trouble = await sandboxTrouble(electron.dist);
          if (trouble !== undefined) complain(trouble);
        }
        if (level.app === "staged" && !staged) {
          handOn(await stage("test", { production: false, runFirst: join(root, "tests/support/holdUntilDriven.cjs") }));
          staged = true;
        }
        if (level.app === "packaged") await packageApp();
        results = level.files === undefined ? await lint() : await runLevel(level, filters);
        if (results.length === 0 && filters.length === 0) throw new Error("there are no tests");
      } catch (error) {
        results = [{ name: `${level.name}: ${(error as Error).message}`, state: "failed" }];
      }
      outcomes.push(...results);
      say(`level ${level.name}: ${sumUp(results)} in ${Math.round((performance.now() - started) / 1000)} s`);
    }
  } finally {
    await Promise.all(screens.map((screen) => screen.stop()));
  }
  const { code, text } = conclude(outcomes, seed, electron);
  process.stdout.write(text);
  return code;
}

/** A screen for each worker, so that no window takes another's focus. Names them for `tests/support/ownScreen.ts`. */
async function startScreens(count: number): Promise<Screen[]> {
  const started = await Promise.all(Array.from({ length: count }, () => startScreen()));
  const screens = started.filter((screen) => screen !== undefined);
  const displays = screens.map(({ display }) => display);
  if (displays[0] !== undefined) process.env.DISPLAY = displays[0];
  process.env[displaysVariable] = displays.join(",");
  return screens;
}

/** Runs `npm run package` as its test needs it. @throws Error when it fails. */
async function packageApp(): Promise<void> {
  const { code } = await run(process.execPath, [join(root, "build/package.ts"), "--for-test"], { cwd: root, shown: true });
  if (code !== 0) throw new Error(`npm run package ended with code ${code}`);
}

/** Runs one level's tests in a Vitest of its own, so that one that crashes takes nothing else with it. */
async function runLevel(level: Level, filters: string[]): Promise<Outcome[]> {
  const folder = join(cache, "test");
  await mkdir(folder, { recursive: true });
  const report = join(folder, `${level.name}.json`);
  await rm(report, { force: true });
  const { code } = await run(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--config",
      "build/vitest.config.ts",
      "--project",
      level.name,
      "--reporter=default",
      "--reporter=./build/testReporter.ts",
      ...filters,
    ],
    { cwd: root, shown: true, env: { ...process.env, [reportVariable]: report } },
  );
  const text = await readFile(report, "utf8").catch(() => undefined);
  if (text === undefined) return [{ name: `${level.name}: Vitest ended with code ${code}, without a report`, state: "failed" }];
  const outcomes = JSON.parse(text) as Outcome[];
  if (code !== 0 && !outcomes.some(({ state }) => state === "failed")) {
    outcomes.push({ name: `${level.name}: Vitest ended with code ${code}, though no test failed`, state: "failed" });
  }
  return outcomes;
}

if (import.meta.main) {
  await command(() => runTests(process.argv.slice(2)));
}
