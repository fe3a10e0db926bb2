import { afterEach, beforeEach, expect, test } from "vitest";
import { startApp, type StewardApp } from "../support/electronApp.ts";
import { Person } from "./support/person.ts";
import { startSecretService, type SecretServiceForTests } from "../support/secretService.ts";

let keyring: SecretServiceForTests;
let app: StewardApp;

beforeEach(async () => {
  keyring = await startSecretService("unlocked");
  app = await startApp({ env: keyring.env });
});
afterEach(async () => {
  await app.close();
  await keyring.stop();
});

test("the app ends although finalizers never run dry", async () => {
  await app.electron.evaluate(({ app: electronApp }) => {
    const load = process.mainModule?.require.bind(process.mainModule) as NodeJS.Require;
    (load("node:v8") as typeof import("node:v8")).setFlagsFromString("--expose-gc");
    const collectGarbage = (load("node:vm") as typeof import("node:vm")).runInNewContext("gc") as () => void;
    const registry = new FinalizationRegistry(() => leaveGarbage());
    const leaveGarbage = () => {
      for (let n = 0; n < 100; n++) registry.register({}, null);
      collectGarbage();
    };
    Object.assign(globalThis, { registry });
    electronApp.prependOnceListener("quit", leaveGarbage);
  });
  await app.quit();
  expect(app.exitCode).toBe(0);
});

test("a newer version is told of in the window, and what is new is text", async () => {
  const person = new Person(app);
  // As main says it in a copy that was built with an address to ask.
  const newer = { version: "9.1.0", notes: "- <b>Less</b> to do\n- More to see", page: "https://steward.example" };
  await app.electron.evaluate(
    ({ BrowserWindow }, state) => {
      BrowserWindow.getAllWindows()[0]?.webContents.send("updates.changed", state);
    },
    { supported: true, checkedAt: 1, newer },
  );
  await person.sees("Steward 9.1.0 is out.");
  await person.press("What’s new");
  await person.isAt("Settings");
  await person.sees("- <b>Less</b> to do");
  await person.page.getByRole("button", { name: "See how to get it" }).scrollIntoViewIfNeeded();
  await person.looks("settings-updates");
  expect(app.pageErrors).toEqual([]);
});
