import { afterEach, expect, it, vi } from "vitest";
import { readBatch } from "../../../renderer/features/offboarding/useBatchRows.ts";
import type { ConversationId } from "../../../shared/ids.ts";

const one = { jobId: "aaaaaaaaaaaaaaaa" as ConversationId, kind: "lock_users" as const };
const two = { jobId: "bbbbbbbbbbbbbbbb" as ConversationId, kind: "lock_users" as const };

/** Each Job answers with its rows, or with why it can't be asked. */
function answering(answers: Readonly<Record<string, string[] | string>>): void {
  const request = (_channel: string, { jobId }: { jobId: string }): Promise<unknown> => {
    const answer = answers[jobId]!;
    if (typeof answer === "string") return Promise.resolve({ ok: false, error: { kind: answer, message: "" } });
    return Promise.resolve({ ok: true, value: { rows: answer.map((target) => ({ target })), total: answer.length } });
  };
  vi.stubGlobal("window", { steward: { request } });
}
afterEach(() => vi.unstubAllGlobals());

it("says that a Job could not be asked, and keeps what was known of it", async () => {
  answering({ [one.jobId]: ["@jane:one"], [two.jobId]: ["@jane:two"] });
  const first = await readBatch([one, two], []);
  expect(first).toMatchObject({ complete: true, error: null });
  answering({ [one.jobId]: ["@jane:one"], [two.jobId]: "file_failed" });
  const second = await readBatch([one, two], first.rows);
  expect(second.rows.map(({ serverName }) => serverName)).toEqual(["one", "two"]);
  expect(second).toMatchObject({ complete: false, error: { kind: "file_failed" } });
});

it("takes a Job that is gone for one that has no rows", async () => {
  answering({ [one.jobId]: ["@jane:one"], [two.jobId]: "conversation_over" });
  expect(await readBatch([one, two], [])).toMatchObject({ complete: true, error: null, rows: [{ serverName: "one" }] });
});
