import { afterEach, beforeEach, expect, it } from "vitest";
import { bulkKinds } from "../../../main/admin/bulk/bulkKinds.ts";
import type { RowEnd } from "../../../main/jobs/jobJournal.ts";
import type { RowsControl } from "../../../main/jobs/rowJobKind.ts";
import type { Job } from "../../../shared/contract/jobs.ts";
import { AccountId } from "../../../shared/ids.ts";
import { adminApiAt, type Answer, json } from "../../support/adminApi.ts";
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
  const control: RowsControl<unknown> = {
    accountId: AccountId.parse("abcdefgh01234567"),
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    open: [0],
    readRow: () => row,
    begunAt: () => begunAt,
    beginRow: () => Promise.resolve(void (begunAt = 1)),
    endRow: (_row, ended) => Promise.resolve(void (end = ended)),
    waiting: () => undefined,
  };
  const found = bulkKinds({ adminApi: () => adminApiAt(server.baseUrl, "@boss:one.test"), ownUserIds: () => new Set(), firstWaitMs: 1 });
  await found.find((one) => one.kind === kind)!.run(payload, control);
  return end;
}

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
