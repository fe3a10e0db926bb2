import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Staged, stage } from "../../build/stage.ts";
import { listenLocally } from "../support/ports.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { harnessArgs } from "./shell.ts";

/** The app as `npm start` runs it, where a person keeps their accounts. */
let staged: Staged;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  staged = await stage("start", { production: false });
}, 120_000);
afterAll(() => rm(staged.folder, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await temporaryFolder("locked");
});
afterEach(() => folder.remove());

interface Started {
  said: () => string;
  /** Resolves with the exit code. */
  ended: Promise<number | null>;
  kill: () => void;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(staged.executable, [...harnessArgs(folder.path), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  return { said: () => said, ended, kill: () => void child.kill("SIGKILL") };
}

describe("an app that holds a person's accounts", () => {
  test.each([
    "--remote-debugging-port=0", "--remote-debugging-port=9229", "--remote-debugging-pipe", "--renderer-cmd-prefix=/bin/true", "--log-net-log=/tmp/x",
    "--js-flags=--expose-gc", "--load-extension=/x", "--disable-web-security", "--host-rules=MAP * 127.0.0.1", "--proxy-server=127.0.0.1:1", "--enable-logging",
  ])("does not start with %s", async (given) => {
    const { said, ended } = start([given]);
    expect(await ended).toBe(1);
    expect(said()).toContain(`Start it without them:\n"${given.split("=", 1)[0]!}"`);
  }, 30_000); // prettier-ignore

  test("is no Node that runs somebody's code", async () => {
    const { said, ended, kill } = start(["-p", "'ran' + 'asnode'"], { ELECTRON_RUN_AS_NODE: "1" });
    const outcome = await Promise.race([ended, waitUntil(() => said().includes("doesn’t start"), { what: "a refusal" })]);
    kill();
    expect(outcome).not.toBe(0);
    expect(said()).not.toContain("ranasnode");
  }, 60_000);

  test("opens no inspector for NODE_OPTIONS, and says in its log what it took out of the environment", async () => {
    const server = createServer((_request, response) => response.end());
    const port = await listenLocally(server);
    server.close();
    const { said, kill, ended } = start([], { NODE_OPTIONS: `--inspect=${String(port)}`, NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    try {
      const log = () => readFile(join(folder.path, "logs/steward.log"), "utf8").catch(() => "");
      await waitUntil(async () => (await log()).includes("NODE_TLS_REJECT_UNAUTHORIZED"), { what: "a line in the log" });
      expect(await fetch(`http://127.0.0.1:${String(port)}/json`).catch(() => "nobody there")).toBe("nobody there");
      expect(said()).not.toContain("Debugger listening");
    } finally {
      kill();
      await ended;
    }
  }, 60_000);
});
