import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TEST_FEED } from "../../build/feedForTests.ts";
import { stagedApp } from "../../build/stage.ts";
import { startApp, type StewardApp } from "../support/electronApp.ts";
import { startHttpProxy } from "../support/proxyServer.ts";
import { startSecretService, type SecretServiceForTests } from "../support/secretService.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { testVersion, UpdateFeed } from "../support/updateFeed.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { Person } from "./support/person.ts";

let keyring: SecretServiceForTests;
let app: StewardApp | null = null;

beforeEach(async () => {
  keyring = await startSecretService("unlocked");
});
afterEach(async () => {
  await app?.close();
  app = null;
  await keyring.stop();
});

test("the app ends although finalizers never run dry", async () => {
  app = await startApp({ env: keyring.env });
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

test("a newer version is downloaded by the proxy, takes the place of the AppImage that runs, and is started when the app has ended", async () => {
  const folder = await temporaryFolder("newer-version");
  const version = testVersion("9.1.0", `#!/bin/sh\nprintf '%s' "$*" > "$(dirname "$0")/started"\n${"#".repeat(900_000)}`);
  const feed = await UpdateFeed.start(version);
  const host = new URL(TEST_FEED).host;
  const proxy = await startHttpProxy({ hosts: { [host]: Number(new URL(feed.server.baseUrl).port) } });
  const appImage = join(folder.path, "apps", "Steward.AppImage");
  await mkdir(dirname(appImage));
  await writeFile(appImage, "the version that runs", { mode: 0o755 });
  const proxies = { HTTP_PROXY: "", http_proxy: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "", no_proxy: "" };
  try {
    app = await startApp({ env: { ...keyring.env, ...proxies, APPIMAGE: appImage, APPDIR: dirname(stagedApp().executable) } });
    const person = new Person(app);
    await person.press("Settings");
    await person.press("Look now");
    await person.sees("Steward 9.1.0 is out.");
    await person.sees("- <b>Less</b> to do");
    expect(proxy.asked).toEqual([`${host}:80`]);

    let goOn = (): void => undefined;
    feed.answerFile = (response) => {
      response.writeHead(200, { "content-length": version.content.length });
      response.write(version.content.subarray(0, 400_000));
      goOn = () => response.end(version.content.subarray(400_000));
    };
    await person.press(/^Download \(900 kB\)$/);
    await person.sees("400 kB of 900 kB");
    // The button that was pressed is gone.
    const focused = person.page.getByRole("status").and(person.page.locator(":focus"));
    await focused.filter({ hasText: "Downloading Steward 9.1.0…" }).waitFor();
    await person.resizeTo(800, 700);
    await person.button("Stop downloading").scrollIntoViewIfNeeded();
    await person.looks("settings-update-downloading");
    goOn();
    await person.sees("Steward 9.1.0 is downloaded and checked.");
    await person.button("Restart to update").scrollIntoViewIfNeeded();
    await person.looks("settings-update-ready");
    await app.request("app.updateSettings", { language: "de", theme: "dark" });
    await person.sees("Steward 9.1.0 ist heruntergeladen");
    await person.button("Zum Aktualisieren neu starten").scrollIntoViewIfNeeded();
    await person.looks("settings-update-ready-de");
    await app.request("app.updateSettings", { language: "en", theme: "light" });

    await person.press("Add account");
    await person.sees("Steward 9.1.0 is ready to install.");
    await person.looks("update-notice");
    expect(await readFile(appImage, "utf8")).toBe("the version that runs");
    expect(app.pageErrors).toEqual([]);
    await person.press("Restart to update");
    await app.gone();
    expect(app.exitCode).toBe(0);
    const started = join(dirname(appImage), "started");
    await waitUntil(() => readFile(started, "utf8").catch(() => ""), { what: "the newer version to start" });
    // On the same data.
    expect(await readFile(started, "utf8")).toContain(`--user-data-dir=${app.userData}`);
    expect(await readFile(appImage)).toEqual(version.content);
    expect((await stat(appImage)).mode & 0o111).not.toBe(0);
  } finally {
    await proxy.stop();
    await feed.stop();
    await folder.remove();
  }
});
