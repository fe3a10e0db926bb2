import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { DEMO_OAUTH_NAME, startOauthDemo } from "../../build/demoOauth.ts";
import { toldAtStart } from "../../build/demoServer.ts";
import { develop } from "../../build/developing.ts";
import { buildAndStage, openApp } from "../../build/launch.ts";
import { cache, root } from "../../build/paths.ts";
import { PageConnection } from "../support/pageConnection.ts";
import { freePort } from "../support/ports.ts";
import { startSecretService } from "../support/secretService.ts";
import { startSynapse } from "../support/synapse.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil } from "../support/waitUntil.ts";

const PATIENCE_MS = 60_000;

/** The app behind a debugging port, which goes and comes again while the test looks on. */
class WatchedApp {
  readonly #host: string;

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`;
  }

  /** Waits until the window shows the words. */
  async shows(words: string): Promise<void> {
    await waitUntil(
      async () => {
        const text = await this.#windowText().catch(() => "");
        return text.includes(words);
      },
      { timeoutMs: PATIENCE_MS, what: `the window to show "${words}"` },
    );
  }

  async #windowText(): Promise<string> {
    const page = await PageConnection.open(this.#host, "app://");
    try {
      return await page.evaluate(() => document.body.innerText);
    } finally {
      page.close();
    }
  }

  /** An address that each start of the app has for itself. */
  async startedAs(): Promise<string> {
    const version = (await (await fetch(`http://${this.#host}/json/version`)).json()) as { webSocketDebuggerUrl: string };
    return version.webSocketDebuggerUrl;
  }

  /** Closes it as a person does. */
  async close(): Promise<void> {
    const socket = new WebSocket(await this.startedAs());
    await once(socket, "open");
    socket.send(JSON.stringify({ id: 1, method: "Browser.close" }));
  }
}

async function change(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, "utf8");
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
}

test("the demo opens with its accounts signed in", async () => {
  const [synapse, keyring, data] = [await startSynapse(), await startSecretService(), await temporaryFolder("demo-data")];
  const homeserver = join(data.path, "homeserver");
  await mkdir(homeserver);
  const oauth = await startOauthDemo(homeserver);
  const port = await freePort();
  const app = new WatchedApp(port);
  try {
    const accounts = [];
    for (const user of ["ada", "ben"]) {
      await synapse.register({ user, password: `${user} tries it`, displayName: `The ${user} of the demo` });
      accounts.push({ baseUrl: synapse.baseUrl, user, password: `${user} tries it` });
    }
    const { accounts: byCode } = toldAtStart(oauth);
    expect(byCode).toEqual([{ baseUrl: oauth.homeserver, user: "ada", password: null }]);
    const env = { ...process.env, ...keyring.env, LANGUAGE: "en" };
    const args = [`--remote-debugging-port=${port}`, `--user-data-dir=${join(data.path, "app")}`, "--disable-gpu"];
    const told = { accounts: [...accounts, ...byCode], page: null };
    const ended = openApp(await buildAndStage("demo"), args, { env, told, allow: oauth.allow });
    await app.shows("The ada of the demo");
    await app.shows("The ben of the demo");
    await app.shows(DEMO_OAUTH_NAME);
    await app.close();
    expect(await ended).toBe(0);
  } finally {
    // Where it has failed before.
    await app.close().catch(() => undefined);
    await Promise.all([synapse.stop(), oauth.stop(), keyring.stop()]);
    await data.remove();
  }
});

test("npm run dev shows a change of the renderer by reloading, and one of main by starting the app again", async () => {
  // Below the project, so that the copy finds the packages.
  const source = await mkdtemp(join(cache, "dev-test-"));
  const data = await temporaryFolder("dev-data");
  const port = await freePort();
  const app = new WatchedApp(port);
  const menu = join(source, "main/app/menu.ts");
  const texts = join(source, "renderer/i18n/en.json");
  try {
    for (const folder of ["main", "preload", "renderer", "shared"]) {
      await cp(join(root, folder), join(source, folder), { recursive: true });
    }
    const developing = develop({ source, args: [`--remote-debugging-port=${port}`, `--user-data-dir=${data.path}`] });
    await app.shows("Add account");
    const first = await app.startedAs();
    await change(texts, '"Add account"', '"Add one more"');
    await app.shows("Add one more");

    // A source that does not build leaves the app as it is; the next one that does is shown.
    const complaints = vi.spyOn(process.stderr, "write");
    await change(menu, "import", "import import");
    await waitUntil(() => complaints.mock.calls.some(([line]) => String(line).includes("not built")), {
      timeoutMs: PATIENCE_MS,
      what: "the complaint about a source that does not build",
    });
    complaints.mockRestore();
    await change(texts, '"Add one more"', '"Still here"');
    await change(menu, "import import", "import");
    await app.shows("Still here");
    expect(await app.startedAs()).toBe(first);

    await change(menu, "import", 'globalThis.performance.mark("changed");\nimport');
    await waitUntil(async () => (await app.startedAs().catch(() => first)) !== first, {
      timeoutMs: PATIENCE_MS,
      what: "another start of the app",
    });
    await app.shows("Still here");
    await app.close();
    expect(await developing).toBe(0);
  } finally {
    await rm(source, { recursive: true, force: true });
    await data.remove();
  }
});
