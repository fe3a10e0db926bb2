import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Answer, checkedHandlers } from "../../../main/ipc/checkedHandlers.ts";
import { UNNAMED_ERROR } from "../../../main/ipc/failures.ts";
import { startRouter } from "../../../main/ipc/router.ts";
import type { Logger } from "../../../main/logging/logger.ts";
import { channelNames, contract, type Handlers } from "../../../shared/contract/index.ts";
import { AppError, fail } from "../../../shared/errors.ts";
import { anyCall, anyCloneable, channels, definitionOf, LEAK } from "../../support/contractInputs.ts";
import { sample, seed } from "../../support/seed.ts";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Handlers for the whole contract that all do the same. */
function handlersThat(behave: (channel: string, input: unknown) => unknown): Handlers {
  return Object.fromEntries(
    Object.entries(contract).map(([domainName, { requests }]) => [
      domainName,
      Object.fromEntries(Object.keys(requests).map((name) => [name, (input: unknown) => behave(`${domainName}.${name}`, input)])),
    ]),
  ) as unknown as Handlers;
}

const anyOutcome = fc.oneof(
  fc.record({ kind: fc.constant("returns" as const), what: anyCloneable }),
  fc.record({
    kind: fc.constant("throws" as const),
    what: fc.oneof(
      fc.constantFrom<unknown>(
        new Error("secret inside\n    at /home/me/main.cjs:1:1"),
        fail("not_found"),
        null,
        undefined,
        "text",
        Object.create(null),
        Symbol("thrown"),
      ),
      anyCloneable,
    ),
  }),
);

describe("the router", () => {
  test("answers every input with a valid reply, whatever the handler does", async () => {
    await fc.assert(
      fc.asyncProperty(anyCall, anyOutcome, async ({ name, input }, outcome) => {
        const definition = definitionOf(name);
        let reached = false;
        const answers = checkedHandlers(
          handlersThat(() => {
            reached = true;
            if (outcome.kind === "throws") throw outcome.what;
            return outcome.what;
          }),
          silent,
        );
        const reply = await answers.get(name)?.(input);
        const valid = definition.input.safeParse(input).success;
        expect(reached).toBe(valid);
        if (reply?.ok) {
          expect(definition.output.safeParse(reply.value).success).toBe(true);
        } else {
          expect(AppError.safeParse(reply?.error).success).toBe(true);
          if (!valid) expect(reply?.error.kind).toBe("invalid_input");
          expect(JSON.stringify(reply)).not.toMatch(LEAK);
        }
      }),
      { seed, numRuns: sample(4_000, 100_000) },
    );
  });

  test("takes an input that throws when it is looked at", async () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error("looked at");
        },
        ownKeys() {
          throw new Error("looked at");
        },
      },
    );
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const answers = checkedHandlers(
      handlersThat(() => ({})),
      silent,
    );
    for (const { name } of channels) {
      for (const input of [hostile, circular]) {
        const reply = await answers.get(name)?.(input);
        expect(JSON.stringify(reply), name).not.toMatch(LEAK);
      }
    }
  });

  test("never repeats a value that it refuses", async () => {
    const answers = checkedHandlers(
      handlersThat(() => ({})),
      silent,
    );
    for (const { name } of channels) {
      const reply = await answers.get(name)?.({
        accountId: "hunter2-hunter2",
        password: { hunter2: "hunter2" },
        keyOrPhrase: ["hunter2"],
        method: "hunter2",
        how: "hunter2",
      });
      expect(JSON.stringify(reply)).not.toContain("hunter2");
    }
  });

  test("answers an error that the contract does not name for the request as a defect, and one that it names as it is", async () => {
    const logged: unknown[] = [];
    const logger: Logger = { ...silent, error: (message, fields) => logged.push({ message, ...fields }) };
    let refusal = fail("conversation_over");
    const answers = checkedHandlers(
      handlersThat(() => Promise.reject(refusal)),
      logger,
    );
    const cancel = () => answers.get("jobs.cancel")?.({ jobId: "0011223344556677" });
    expect(await cancel()).toEqual({ ok: false, error: { kind: "conversation_over" } });
    refusal = fail("app_locked");
    expect(await cancel()).toEqual({ ok: false, error: { kind: "app_locked" } });
    expect(logged).toEqual([]);

    refusal = fail("server", { status: 500, errcode: "M_UNKNOWN", message: "what the server said" });
    const reply = await cancel();
    expect(reply).toEqual({ ok: false, error: { kind: "internal", ref: expect.stringMatching(/^[0-9a-f]{8}$/) } });
    expect(JSON.stringify(reply)).not.toContain("what the server said");
    expect(logged).toEqual([expect.objectContaining({ message: UNNAMED_ERROR, channel: "jobs.cancel", error: refusal })]);
  });

  test("strips what the contract does not name from an answer", async () => {
    const answers = checkedHandlers(
      handlersThat(() => ({ theme: "dark", language: "de", accessToken: "syt_x" })),
      silent,
    );
    expect(await answers.get("app.settings")?.({})).toEqual({ ok: true, value: { theme: "dark", language: "de" } });
  });

  test("answers an unforeseen failure with a reference that is in the log, and nothing else", async () => {
    const logged: unknown[] = [];
    const logger: Logger = { ...silent, error: (_message, fields) => logged.push(fields) };
    const answers = checkedHandlers(
      handlersThat(() => {
        throw new Error("disk on fire");
      }),
      logger,
    );
    const reply = await answers.get("app.info")?.({});
    expect(reply).toEqual({ ok: false, error: { kind: "internal", ref: expect.stringMatching(/^[0-9a-f]{8}$/) } });
    expect(logged).toEqual([
      expect.objectContaining({
        ref: reply?.ok === false && reply.error.kind === "internal" ? reply.error.ref : "",
        error: new Error("disk on fire"),
      }),
    ]);
  });

  type Listener = Parameters<Parameters<typeof startRouter>[0]["ipcMain"]["handle"]>[1];

  function started(
    given: Pick<Parameters<typeof startRouter>[0], "answers" | "isTrusted">,
    onRequest: () => void = () => undefined,
  ): Map<string, Listener> {
    const listeners = new Map<string, Listener>();
    startRouter({
      ...given,
      ipcMain: { handle: (channel, listener) => void listeners.set(channel, listener) },
      channels: channelNames().requests,
      onRequest,
      logger: silent,
    });
    return listeners;
  }

  test("tells of what the window asks, and of nothing that others do", async () => {
    let asked = 0;
    let trusted = false;
    const answers = Promise.resolve(new Map<string, Answer>([["app.info", () => Promise.resolve({ ok: true, value: {} })]]));
    const listeners = started({ answers, isTrusted: () => trusted }, () => (asked += 1));
    const ask = (): unknown => listeners.get("app.info")?.({} as Parameters<Listener>[0], {});
    await ask();
    expect(asked).toBe(0);
    trusted = true;
    await ask();
    await ask();
    expect(asked).toBe(2);
  });

  test("takes a question before there is anything to answer it", async () => {
    let open = (_: Map<string, Answer>): void => undefined;
    const answers = new Promise<Map<string, Answer>>((resolve) => (open = resolve));
    const listeners = started({ answers, isTrusted: () => true });
    const reply = listeners.get("app.info")?.({} as Parameters<Listener>[0], { asked: "early" }) as Promise<unknown>;
    open(new Map([["app.info", (input) => Promise.resolve({ ok: true, value: input })]]));
    expect(await reply).toEqual({ ok: true, value: { asked: "early" } });
  });

  test("answers every question with internal when there is nothing to answer it", async () => {
    const broken = Promise.reject(new Error("the disk is gone"));
    for (const answers of [broken, Promise.resolve(new Map<string, Answer>())]) {
      const reply: unknown = await started({ answers, isTrusted: () => true }).get("app.info")?.({} as never, {});
      expect(reply).toEqual({ ok: false, error: { kind: "internal", ref: expect.any(String) } });
    }
  });

  test("does not even look at the input of a caller it does not trust", async () => {
    let reached = 0;
    const handlers = handlersThat(() => {
      reached += 1;
    });
    const listeners = started({ answers: Promise.resolve(checkedHandlers(handlers, silent)), isTrusted: () => false });
    expect([...listeners.keys()].sort()).toEqual(channels.map(({ name }) => name).sort());
    for (const [channel, listener] of listeners) {
      const reply: unknown = await listener({} as Parameters<Listener>[0], {});
      expect(reply, channel).toEqual({ ok: false, error: { kind: "forbidden_sender" } });
    }
    expect(reached).toBe(0);
  });
});
