import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNoAxeViolations, startApp, type StewardApp } from "../support/electronApp.ts";

let app: StewardApp;
beforeAll(async () => {
  app = await startApp();
}, 120_000);
afterAll(() => app.close());

test("a trial says on every page what it is", async () => {
  const banner = app.page.getByRole("complementary", { name: "Trial" });
  await app.page.getByRole("heading", { level: 1 }).first().waitFor();
  expect(await banner.count()).toBe(0);
  // The tests' own build is no trial: main is made to say that it is one.
  const info = await app.request<object>("app.info", {});
  await app.electron.evaluate(
    ({ ipcMain }, said) => {
      ipcMain.removeHandler("app.info");
      ipcMain.handle("app.info", () => said);
    },
    info.ok ? { ok: true, value: { ...info.value, trial: true } } : info,
  );
  await app.page.reload();
  for (const key of ["Control+,", "Escape"]) {
    await banner.waitFor();
    expect(await banner.textContent()).toMatch(/^Trial .*no security fixes/);
    expect(await banner.getByRole("button").count()).toBe(0);
    await app.page.keyboard.press(key);
  }
  expect(await app.page.evaluate(() => document.documentElement.scrollHeight <= innerHeight)).toBe(true);
  await app.screenshot("trial");
  await expectNoAxeViolations(app.page);
}, 120_000);
