import { afterEach, beforeEach, expect, test } from "vitest";
import { startApp, type StewardApp } from "../support/electronApp.ts";
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
