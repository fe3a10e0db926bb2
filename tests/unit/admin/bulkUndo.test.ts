import { afterEach, beforeEach, expect, it } from "vitest";
import { BulkService, type BulkServiceParts } from "../../../main/admin/bulk/bulkService.ts";
import { type JobFact, JobRecord, rowBegun, type RowEnd } from "../../../main/jobs/jobJournal.ts";
import { jobOf } from "../../../main/jobs/rowJobView.ts";
import { AccountId, ConversationId } from "../../../shared/ids.ts";
import { adminApiAt, json } from "../../support/adminApi.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const accountId = AccountId.parse("abcdefgh01234567");
const jobId = ConversationId.parse("abcdefgh01234567");
const OUTCOMES = ["failed", "unknown", "done", "skipped"] as const;

let server: LocalServer;
/** What was before rows, as the journal has it. */
let before: Map<number, unknown>;
beforeEach(async () => {
  const answer = json(200, { name: "@ann:one.test", admin: false, deactivated: false, locked: true });
  server = await LocalServer.start((response, request) => answer(response, request));
});
afterEach(() => server.stop());

/** A Job whose rows ended like this, each for a user of that name. */
function recordOf(kind: string, begun: readonly JobFact[] = []): JobRecord {
  const rows = { fact: "begun", version: 1, jobId, accountId, kind, payload: {}, rows: 4, inputSha256: "0".repeat(64), at: 1 } as const;
  const record = new JobRecord(rows);
  record.take({ fact: "targets", from: 0, targets: OUTCOMES.map((outcome) => `@${outcome}:one.test`) });
  for (const fact of begun) record.take(fact);
  const end: Omit<RowEnd, "outcome"> = { reason: null, names: [], error: null, count: null, madePassword: false };
  for (const row of [2, 3, 0, 1]) record.take({ fact: "rowEnded", row, outcome: OUTCOMES[row]!, ...end });
  return record;
}

function serviceWith(record: JobRecord, isOver: boolean): BulkService {
  const parts: Partial<BulkServiceParts> = {
    adminApi: () => adminApiAt(server.baseUrl, "@boss:one.test"),
    masApi: () => Promise.resolve(null),
    isDelegated: () => Promise.resolve(false),
    ownUserIds: () => new Set(),
    rowJobs: {
      record: () => record,
      isOver: () => isOver,
      before: () => Promise.resolve(before),
    } as unknown as BulkServiceParts["rowJobs"],
    emit: () => undefined,
  };
  return new BulkService(parts as BulkServiceParts);
}

it("the way back is for those to whom something was done, or may have been", async () => {
  const record = recordOf("lock_users");
  const service = serviceWith(record, true);
  await service.undo({ jobId });
  const draft = await waitUntil(() => [service.draft({ accountId }).draft].find((one) => one?.status === "ready"), { what: "the draft" });
  const { rows } = service.draftRows({ accountId, draftId: draft.draftId, which: "all", from: 0, limit: 10 });
  expect([draft.action, rows.map(({ name }) => name)]).toEqual(["unlock", ["@unknown:one.test", "@done:one.test"]]);
  expect(jobOf({ record, lastRun: null }, undefined, "opposite").undoable).toBe(2);
  expect(jobOf({ record, lastRun: null }, undefined, undefined).undoable).toBe(0);
});

it("the way back from a change is what was before the first try of it, where that was kept and can be read", async () => {
  const was = (displayname: string) => ({ was: { displayname }, wanted: { displayname: "New" } });
  const begun = [rowBegun(0, 1, was("Failed")), rowBegun(1, 1, was("x".repeat(4_000))), rowBegun(2, 1, was("Old"))];
  const record = recordOf("change_users", begun);
  expect(jobOf({ record, lastRun: null }, undefined, "before").undoable).toBe(1);
  before = new Map<number, unknown>([[2, { was: "a later version’s" }]]);
  expect(await errorOf(serviceWith(record, true).undo({ jobId }))).toMatchObject({ kind: "nothing_to_do" });
  before = new Map([[2, was("Old")]]);
  const service = serviceWith(record, true);
  await service.undo({ jobId });
  const draft = await waitUntil(() => [service.draft({ accountId }).draft].find((one) => one?.status === "ready"), { what: "the draft" });
  // What the server has is neither.
  const { rows } = service.draftRows({ accountId, draftId: draft.draftId, which: "all", from: 0, limit: 10 });
  expect(rows).toMatchObject([{ name: "@done:one.test", verdict: "skipped", reason: "changed_meanwhile" }]);
});

it("rows are counted as they end, and one that is told of twice by what was told last", () => {
  const record = recordOf("lock_users");
  expect(record.counts()).toEqual({ done: 1, skipped: 1, failed: 1, unknown: 1 });
  const end = { names: [], error: null, count: 1, madePassword: true };
  record.take({ fact: "rowEnded", row: 3, outcome: "incomplete", reason: "rooms_left", ...end });
  expect(record.counts()).toEqual({ done: 1, incomplete: 1, failed: 1, unknown: 1 });
  expect([record.countEndedFor("rooms_left"), record.countToUndo("opposite"), record.unsavedPasswords]).toEqual([1, 3, 1]);
  record.take({ fact: "rowEnded", row: 3, outcome: "done", reason: null, ...end, madePassword: false });
  expect([record.countEndedFor("rooms_left"), record.countToUndo("opposite"), record.unsavedPasswords]).toEqual([0, 3, 0]);
  expect(record.rowsToUndo("opposite")).toEqual([1, 2, 3]);
});

it("there is none while the Job goes on, nor from what nothing undoes", async () => {
  const undo = (kind: string, isOver: boolean) => errorOf((async () => serviceWith(recordOf(kind), isOver).undo({ jobId }))());
  expect(await undo("lock_users", false)).toMatchObject({ kind: "conversation_over" });
  expect(await undo("reset_passwords", true)).toMatchObject({ kind: "nothing_to_do" });
});
