import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError, type Reply } from "../../shared/errors.ts";
import { anyCall, channels, definitionOf, LEAK } from "../support/contractInputs.ts";
import { sample, seed } from "../support/seed.ts";
import { type Bridge, request, type Shell, startShell } from "./shell.ts";

/**
 * What these do with a right input takes long, on purpose: they talk to the host that is named, or run scrypt. They get
 * only inputs that main must refuse before that.
 */
const SLOW_WHEN_RIGHT = new Set(["signIn.findHomeserver", "signIn.withPassword", "secrets.choosePassphrase", "secrets.unlock"]);

interface Alarms {
  alarms: string[];
}

let shell: Shell;
beforeAll(async () => {
  shell = await startShell();
  await shell.app.evaluate(({ app, BrowserWindow, dialog, shell: electronShell }) => {
    const alarms: string[] = [];
    (globalThis as unknown as Alarms).alarms = alarms;
    electronShell.openExternal = () => Promise.resolve();
    // Nobody is there to answer what the system would ask.
    Object.assign(dialog, {
      showSaveDialog: () => Promise.resolve({ canceled: true, filePath: "" }),
      showOpenDialog: () => Promise.resolve({ canceled: true, filePaths: [] }),
    });
    for (const { webContents } of BrowserWindow.getAllWindows()) {
      Object.assign(webContents, { print: (_options: unknown, done: (printed: boolean) => void) => done(false) });
    }
    process.on("unhandledRejection", (reason) => alarms.push(`unhandled rejection: ${String(reason)}`));
    process.on("uncaughtExceptionMonitor", (error) => alarms.push(`uncaught exception: ${String(error)}`));
    app.on("render-process-gone", (_event, _contents, { reason }) => alarms.push(`renderer gone: ${reason}`));
  });
}, 60_000);
afterAll(() => shell.close());

type Outcome = { reply: Reply<unknown> } | { notCloneable: true };

/** Makes the calls one after another in the page, through the bridge. */
function callAll(calls: readonly { name: string; input: unknown }[]): Promise<Outcome[]> {
  // As source text, because Playwright cannot carry every value that the bridge can.
  const list = calls.map(({ name, input }) => `[${JSON.stringify(name)}, () => (${fc.stringify(input)})]`);
  return shell.page.evaluate(`(async () => {
    const outcomes = [];
    for (const [name, input] of [${list.join(",\n")}]) {
      try {
        outcomes.push({ reply: await steward.request(name, input()) });
      } catch (error) {
        if (!/could not be cloned/.test(String(error))) throw error;
        outcomes.push({ notCloneable: true });
      }
    }
    return outcomes;
  })()`);
}

describe("wrong inputs through the bridge", () => {
  test(
    "are answered, every one, with a known error or a valid answer",
    async () => {
      const call = anyCall.filter(({ name, input }) => !SLOW_WHEN_RIGHT.has(name) || !definitionOf(name).input.safeParse(input).success);
      let answered = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(call, { minLength: 60, maxLength: 60 }), async (calls) => {
          const outcomes = await callAll(calls);
          outcomes.forEach((outcome, at) => {
            const { name } = calls[at] ?? { name: "" };
            if (!("reply" in outcome)) return;
            answered += 1;
            const { reply } = outcome;
            if (reply.ok) {
              expect(definitionOf(name).output.safeParse(reply.value).success, name).toBe(true);
              return;
            }
            expect(AppError.safeParse(reply.error).success, name).toBe(true);
            expect(reply.error.kind, `${name}: ${JSON.stringify(reply)}`).not.toBe("internal");
            expect(JSON.stringify(reply)).not.toMatch(LEAK);
          });
        }),
        { seed, numRuns: sample(50, 1_000), endOnFailure: true },
      );
      expect(answered).toBeGreaterThan(sample(2_000, 40_000));
      expect(await shell.app.evaluate(() => (globalThis as unknown as Alarms).alarms)).toEqual([]);
      expect(await request(shell.page, "app.info", {})).toMatchObject({ ok: true });
    },
    sample(60_000, 600_000),
  );

  test("of kinds that only a page can make are refused or answered, too", async () => {
    const kinds = await shell.page.evaluate(
      async (names) => {
        const { steward } = globalThis as unknown as Bridge;
        const circular: Record<string, unknown> = {};
        circular["self"] = circular;
        const sparse: unknown[] = [];
        sparse[1_000] = 1;
        const deep: Record<string, unknown> = {};
        for (let at = deep, depth = 0; depth < 100; depth += 1) at = at["deeper"] = {};
        const made = [
          circular,
          sparse,
          deep,
          new Map([["accountId", "abcdefghijklmnop"]]),
          new Set([1]),
          new ArrayBuffer(8),
          new (class Own {
            x = 1;
          })(),
          () => 1,
          Symbol("x"),
          document.body,
          globalThis,
          new Blob(["x"]),
          Promise.resolve(),
          new Proxy({}, {}),
          Object.create(null),
          { toJSON: 1, then: 2, __proto__: null },
          "x".repeat(100_000),
          new Uint8Array(100_000),
        ];
        const found = new Set<string>();
        for (const name of names) {
          for (const input of made) {
            try {
              const reply = await steward.request(name, input);
              found.add(reply.ok ? "ok" : reply.error.kind);
            } catch {
              found.add("not cloneable");
            }
          }
        }
        return [...found];
      },
      channels.map(({ name }) => name).filter((name) => name !== "app.copyText"),
    );
    expect(kinds).toContain("invalid_input");
    expect(kinds).not.toContain("internal");
    expect(await shell.app.evaluate(() => (globalThis as unknown as Alarms).alarms)).toEqual([]);
  }, 60_000);

  test("as large as a page can send them are answered", async () => {
    const kind = await shell.page.evaluate(async () => {
      const { steward } = globalThis as unknown as Bridge;
      const accountId = "abcdefghijklmnop";
      const replies = [
        await steward.request("profile.setAvatar", {
          accountId,
          mimeType: "image/png",
          image: new Uint8Array(60_000_000),
        }),
        await steward.request("secureBackup.unlock", { accountId, keyOrPhrase: "x".repeat(30_000_000) }),
      ];
      return replies.map((reply) => (reply.ok ? "ok" : reply.error.kind));
    });
    expect(kind).toEqual(["invalid_input", "invalid_input"]);
  }, 60_000);

  test("of channels that do not exist never reach main", async () => {
    const outcome = await shell.page.evaluate(() =>
      (globalThis as unknown as Bridge).steward.request("app.nothing", {}).catch((error: Error) => error.message),
    );
    expect(outcome).toBe("Steward has no such request.");
  });
});
