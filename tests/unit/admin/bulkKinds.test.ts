import { afterEach, beforeEach, expect, it } from "vitest";
import { bulkKinds } from "../../../main/admin/bulk/bulkKinds.ts";
import { Deferred } from "../../../main/app/deferred.ts";
import type { RowEnd } from "../../../main/jobs/jobJournal.ts";
import type { RowsControl } from "../../../main/jobs/rowJobKind.ts";
import type { Job } from "../../../shared/contract/jobs.ts";
import { fail } from "../../../shared/errors.ts";
import { AccountId } from "../../../shared/ids.ts";
import { adminApiAt, type Answer, json } from "../../support/adminApi.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";

const ANN = "@ann:one.test";
const user = json(200, { name: ANN, admin: false, deactivated: false });
const gone = json(404, { errcode: "M_UNRECOGNIZED", error: "" });

let server: LocalServer;
/** What is answered to the questions about the user, one after the other. */
let answers: Answer[];
beforeEach(async () => {
  server = await LocalServer.start((response, request) => (request.method === "GET" ? (answers.shift() ?? gone) : user)(response, request));
});
afterEach(() => server.stop());

/** Does one row; what comes of it. */
async function endOf(kind: Job["kind"], payload: unknown, row: unknown): Promise<RowEnd | null> {
  let begunAt: number | null = null;
  let end: RowEnd | null = null;
  await run(kind, payload, {
    readRow: () => row,
    begunAt: () => begunAt,
    beginRow: () => Promise.resolve(void (begunAt = 1)),
    endRow: (_row, ended) => Promise.resolve(void (end = ended)),
  });
  return end;
}

function run(kind: Job["kind"], payload: unknown, control: Partial<RowsControl<unknown>>): Promise<void> {
  const found = bulkKinds({ adminApi: () => adminApiAt(server.baseUrl, "@boss:one.test"), ownUserIds: () => new Set(), firstWaitMs: 1 });
  return found.find((one) => one.kind === kind)!.run(payload, {
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
