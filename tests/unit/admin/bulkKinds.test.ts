import { afterEach, beforeEach, expect, it } from "vitest";
import { bulkKinds } from "../../../main/admin/bulk/bulkKinds.ts";
import { Deferred } from "../../../main/app/deferred.ts";
import type { RowEnd } from "../../../main/jobs/jobJournal.ts";
import type { RowsControl } from "../../../main/jobs/rowJobKind.ts";
import type { JobKind } from "../../../shared/contract/jobs.ts";
import { fail } from "../../../shared/errors.ts";
import { AccountId } from "../../../shared/ids.ts";
import { adminApiAt, type Answer, json } from "../../support/adminApi.ts";
import { newUser } from "../../support/bulkRow.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";

const ANN = "@ann:one.test";
/** What is asked to see whether the server answers. */
const BOSS = "/_synapse/admin/v2/users/%40boss%3Aone.test";
const user = json(200, { name: ANN, admin: false, deactivated: false });
const gone = json(404, { errcode: "M_UNRECOGNIZED", error: "" });

let server: LocalServer;
/** What is answered to the questions about the user, one after the other. */
let answers: Answer[];
/** The same for what changes the user; the user as they are, where there is none. */
let writes: Answer[];
beforeEach(async () => {
  writes = [];
  server = await LocalServer.start((response, request) => {
    const answer = request.path === BOSS ? user : request.method === "GET" ? (answers.shift() ?? gone) : (writes.shift() ?? user);
    answer(response, request);
  });
});
afterEach(() => server.stop());

/** Does one row; what comes of it. @param begunBefore when a run that ended before began with it */
async function endOf(kind: JobKind, payload: unknown, row: unknown, begunBefore: number | null = null): Promise<RowEnd | null> {
  let begunAt = begunBefore;
  let end: RowEnd | null = null;
  await run(kind, payload, {
    readRow: () => row,
    begunAt: () => begunAt,
    beginRow: () => Promise.resolve(void (begunAt = 1)),
    endRow: (_row, ended) => Promise.resolve(void (end = ended)),
  });
  return end;
}

function run(kind: JobKind, payload: unknown, control: Partial<RowsControl<unknown>>): Promise<void> {
  const found = bulkKinds({
    adminApi: () => adminApiAt(server.baseUrl, "@boss:one.test"),
    masApi: () => Promise.resolve(null),
    ownUserIds: () => new Set(),
    firstWaitMs: 1,
  });
  return found
    .find((one) => one.kind === kind)!
    .run(payload, {
      accountId: AccountId.parse("abcdefgh01234567"),
      signal: new AbortController().signal,
      stopping: new AbortController().signal,
      open: [0],
      readRow: () => ({ userId: ANN }),
      begunAt: () => null,
      beginRow: () => Promise.resolve(),
      endRow: () => Promise.resolve(),
      waiting: () => undefined,
      ...control,
    });
}

/** More than any pace has under way at once. */
const ROWS = 40;
const row = { userId: ANN, password: "nine quiet herons", passwordMade: true };

it("a made password counts as one in use where what came of it cannot be read", async () => {
  answers = [user];
  expect(await endOf("reset_passwords", { signOut: false }, row)).toMatchObject({ outcome: "unknown", madePassword: true });
});

it("no password was made where nothing was sent, and where none is", async () => {
  answers = [];
  expect(await endOf("reset_passwords", { signOut: false }, row)).toMatchObject({ outcome: "failed", madePassword: false });
  answers = [user];
  expect(await endOf("lock_users", {}, { userId: ANN })).toMatchObject({ outcome: "unknown", madePassword: false });
});

it("the next row begins while the end of one is being written, and the Job ends after all of them", async () => {
  answers = [];
  let written = 0;
  const release: (() => void)[] = [];
  const allAsked = new Deferred<void>();
  const endRow = (): Promise<void> => {
    if (release.length === ROWS - 1) allAsked.resolve();
    return new Promise((end) => release.push(() => (written++, end())));
  };
  const open = Array.from({ length: ROWS }, (_, at) => at);
  const ended = run("lock_users", {}, { open, endRow }).then(() => written);
  await allAsked.promise;
  expect(written).toBe(0);
  for (const end of release) end();
  expect(await ended).toBe(ROWS);
});

it("an end that cannot be written is what the Job fails with, and no further row begins", async () => {
  answers = [];
  const rows: number[] = [];
  const endRow = (row: number): Promise<void> => (rows.push(row), Promise.reject(fail("file_failed", { reason: "no_space" })));
  const open = Array.from({ length: 500 }, (_, at) => at);
  expect(await errorOf(run("lock_users", {}, { open, endRow }))).toMatchObject({ kind: "file_failed" });
  expect(rows.length).toBeLessThan(100);
});

const cut: Answer = (response) => void response.destroy();
const noSuch = json(404, { errcode: "M_NOT_FOUND", error: "" });
const refusal = json(400, { errcode: "M_UNKNOWN", error: "no" });

it.each<[string, JobKind, object, Answer]>([
  ["a new password", "reset_passwords", row, user],
  ["a new user", "create_users", { ...newUser, ...row }, noSuch],
  [
    "a user who may sign in again",
    "reactivate_users",
    { ...row, displayName: null },
    json(200, { name: ANN, admin: false, deactivated: true }),
  ],
])("a refusal does not undo what may have been done before it: %s", async (_what, kind, given, now) => {
  const payload = kind === "reset_passwords" ? { signOut: false } : {};
  const still = (): Answer[] => Array.from({ length: 9 }, () => now);
  [answers, writes] = [still(), [cut, refusal]];
  const lost = { outcome: "unknown", reason: null, error: { kind: "network", reason: "cut" }, madePassword: true };
  expect(await endOf(kind, payload, given)).toMatchObject(lost);
  // Nor what a run has sent that ended before it was answered.
  [answers, writes] = [still(), [refusal]];
  expect(await endOf(kind, payload, given, 1)).toMatchObject({ outcome: "unknown", reason: "interrupted", madePassword: true });
  // What was refused at once was not done.
  [answers, writes] = [still(), [refusal]];
  expect(await endOf(kind, payload, given)).toMatchObject({ outcome: "failed", error: { errcode: "M_UNKNOWN" }, madePassword: false });
});

it("a user whose making was lost each time may still come to be", async () => {
  [answers, writes] = [Array.from({ length: 9 }, () => noSuch), [cut, cut, cut]];
  expect(await endOf("create_users", {}, { ...newUser, ...row })).toMatchObject({ outcome: "unknown", madePassword: true });
});

it.each<[string, JobKind]>([
  ["locking", "lock_users"],
  ["changing", "change_users"],
])("what is seen to be so counts as done, and what is not as unknown, when a refusal comes after a loss: %s", async (_what, kind) => {
  const given = kind === "lock_users" ? { userId: ANN } : { userId: ANN, displayname: "Ann" };
  const isSo = json(200, { name: ANN, admin: false, deactivated: false, locked: true, displayname: "Ann" });
  [answers, writes] = [
    [user, user, isSo],
    [cut, refusal],
  ];
  expect(await endOf(kind, {}, given)).toMatchObject({ outcome: "done" });
  [answers, writes] = [
    [user, user, user, user],
    [cut, refusal],
  ];
  expect(await endOf(kind, {}, given)).toMatchObject({ outcome: "unknown", error: { kind: "network" } });
});
