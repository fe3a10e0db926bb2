import { afterAll, beforeAll, expect, test } from "vitest";
import type { AppInfo } from "../../shared/contract/app.ts";
import { readClipboard } from "./support/system.ts";
import { openWorld, type World } from "./support/world.ts";

/** More lines than the report remembers. */
const LINES = 320;

let world: World;

beforeAll(async () => {
  world = await openWorld();
  const lea = await world.synapse.register({ user: "lea", password: "lea has seen worse" });
  await world.person.hasAccount(world.synapse.baseUrl, lea);
});
afterAll(() => world.close());

/** What the person has on the clipboard when they have gone from the notice to Settings and copied the report. */
async function copiedReport(): Promise<string> {
  const { person } = world;
  await person.press("Open Settings");
  await person.isAt("Settings");
  await person.press("Copy the report");
  await person.sees("The report was copied");
  return readClipboard(person.app);
}

/** What main has to tell of its start. */
async function notices(): Promise<unknown[]> {
  const reply = await world.person.app.request<AppInfo>("app.info", {});
  if (!reply.ok) throw new Error(`no answer: ${JSON.stringify(reply.error)}`);
  return reply.value.notices;
}

test("when main has crashed, the next start says so, and the report tells of the error and of no token", async () => {
  const { person, synapse } = world;
  await person.allAre("running");
  const tokens = await synapse.accessTokens();
  expect(tokens.length).toBeGreaterThan(0);
  await person.page.evaluate(async (lines) => {
    const { steward } = globalThis as unknown as { steward: { request(name: string, input: unknown): Promise<unknown> } };
    for (let line = 0; line < lines; line += 1) await steward.request("app.openExternal", { url: "ftp://x" });
  }, LINES);
  const broken = person.app.electron.evaluate((_electron, token) => {
    setImmediate(() => {
      throw new Error(`the main process broke with ${token}`, { cause: new TypeError("of a mistake") });
    });
  }, tokens[0] ?? "");
  await Promise.all([person.app.gone(), broken.catch(() => undefined)]);

  await person.app.start();
  await person.sees(/^Steward ended unexpectedly on .*\. A report is in Settings\.$/);
  await person.looks("previous-crash");
  const report = await copiedReport();
  expect(report).toMatch(/^Steward uncaughtException, .*\nSteward \d+\.\d+\.\d+\nElectron \d+\./);
  expect(report).toContain("Error: the main process broke with [redacted]");
  expect(report).toContain("TypeError: of a mistake");
  expect(report.match(/refused to open an address/g)?.length).toBeGreaterThan(50);
  for (const token of tokens) expect(report).not.toContain(token);
});

test("an error that the app survives is told as that, once, and does not hide behind the crash", async () => {
  const { person } = world;
  await person.app.electron.evaluate(() => {
    setImmediate(() => void Promise.reject(new Error("nobody waited for it")));
  });
  await expect.poll(() => person.app.log(), { timeout: 15_000 }).toContain("nobody waited for it");
  await person.press("Dismiss");
  await person.seesNoMore(/^Steward ended unexpectedly/);
  await person.allAre("running");
  await person.app.quit();

  await person.app.start();
  await person.sees(/^Something went wrong in Steward on .*, and it went on\. A report is in Settings\.$/);
  await person.seesNoMore(/^Steward ended unexpectedly/);
  const report = await copiedReport();
  expect(report).toContain("Error: nobody waited for it");
  expect(report).not.toContain("the main process broke");
  await person.press("Dismiss");
  await person.seesNoMore(/^Something went wrong/);
  expect(await notices()).toEqual([]);
  await person.app.quit();

  await person.app.start();
  await person.allAre("running");
  expect(await notices()).toEqual([]);
  await person.press("Settings");
  await person.isAt("Settings");
  await person.press("Copy the report");
  await person.sees("The report was copied");
  expect(await readClipboard(person.app)).toMatch(/^Steward report, /);
});
