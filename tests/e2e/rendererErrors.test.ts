import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openWorld, type World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await openWorld();
  const lea = await world.synapse.register({ user: "lea", password: "lea has seen worse", displayName: "Lea" });
  await world.person.hasAccount(world.synapse.baseUrl, lea);
  await world.person.allAre("running");
});
afterAll(() => world.close());
beforeEach(() => {
  world.person.app.pageErrors.length = 0;
});

/** What main has logged of errors in the window. */
async function logged(): Promise<string> {
  return (await world.person.app.log())
    .split("\n")
    .filter((line) => line.includes("an error in the window"))
    .join("\n");
}

test("what fails outside of drawing reaches the log and the report, without its secrets", async () => {
  const { person } = world;
  const [token = ""] = await world.synapse.accessTokens();
  await person.page.evaluate((secret) => {
    setTimeout(() => {
      throw new Error(`a timer broke with ${secret}`, { cause: new TypeError("of a mistake") });
    }, 0);
    void Promise.reject(new RangeError("nobody waited for this"));
    void Promise.reject("a bare word");
  }, token);
  await expect.poll(logged).toContain("a bare word");
  await expect.poll(logged).toContain("a timer broke with [redacted]");
  expect(await logged()).toContain("RangeError: nobody waited for this");
  expect(await logged()).toContain("TypeError: of a mistake");
  const report = await person.app.request<{ text: string }>("app.report", {});
  const text = report.ok ? report.value.text : "";
  expect(text).toContain("Error: a timer broke with [redacted]");
  expect(text + (await logged())).not.toContain(token);
});

test("an error in a dialog is said inside of it, and the page behind it stays", async () => {
  const { person } = world;
  await person.openAccount("Lea", "Profile");
  await person.isAt("Profile");
  const [account] = await person.accounts();
  await person.app.electron.evaluate(({ BrowserWindow }, accountId) => {
    // A verification that cannot be drawn.
    const verification = { verificationId: "a".repeat(16), accountId, phase: "comparing", subject: "session", emoji: {} };
    BrowserWindow.getAllWindows()[0]?.webContents.send("verifications.changed", verification);
  }, account?.accountId);
  await person.isAsked("This couldn’t be shown");
  await person.looks("dialog-failed");
  await expect.poll(logged).toMatch(/"?source"?[:=]\s*"?caught/);
  await person.press("Close");
  await person.page.getByRole("alertdialog").waitFor({ state: "hidden" });
  await person.isAt("Profile");
});

test("an error in a page is said in its place, recorded, and told at the next start", async () => {
  const { person } = world;
  await person.app.electron.evaluate(({ ipcMain }) => {
    ipcMain.removeHandler("devices.list");
    ipcMain.handle("devices.list", () => ({ ok: true, value: { sessions: [null] } }));
  });
  await person.openAccount("Lea", "Sessions");
  await person.sees("This page couldn’t be shown");
  await person.looks("page-failed");
  await expect.poll(logged).toContain("SessionsPage");
  await person.app.quit();
  await person.app.start();
  await person.sees(/^Something went wrong in Steward on|^Steward recovered from an error on/);
  await person.openAccount("Lea", "Sessions");
  await person.isAt("Sessions");
});

test("errors without end are bounded", async () => {
  const { person } = world;
  const before = (await logged()).split("\n").length;
  await person.page.evaluate(() => {
    for (let index = 0; index < 500; index += 1) void Promise.reject(new Error(`again ${"x".repeat(20_000)}`));
  });
  await expect.poll(logged).toContain("again xxx");
  // Whatever the window says after them shows that main has had them all.
  await person.app.request("app.info", {});
  const lines = (await logged()).split("\n");
  expect(lines.length - before).toBeLessThanOrEqual(20);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(12_000);
});
