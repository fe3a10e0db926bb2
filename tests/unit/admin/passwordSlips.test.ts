import { expect, it } from "vitest";
import { passwordSlips } from "../../../main/admin/bulk/passwordSlips.ts";
import { JobRecord, type RowEnd } from "../../../main/jobs/jobJournal.ts";
import { AccountId, ConversationId } from "../../../shared/ids.ts";

/** A Job whose rows ended so, the later ones first, as they may. */
function recordOf(ends: readonly [RowEnd["outcome"], madePassword: boolean][]): JobRecord {
  const jobId = ConversationId.parse("abcdefgh01234567");
  const of = { jobId, accountId: AccountId.parse("abcdefgh01234567"), kind: "create_users", payload: {} };
  const record = new JobRecord({ fact: "begun", version: 1, ...of, rows: ends.length, inputSha256: "0".repeat(64), at: 1 });
  for (const [row, [outcome, madePassword]] of [...ends.entries()].reverse()) {
    record.take({ fact: "rowEnded", row, outcome, reason: null, names: [], error: null, count: null, madePassword });
  }
  return record;
}

const record = recordOf([
  ["done", true],
  ["done", false],
  ["unknown", true],
  ["incomplete", true],
  ["failed", false],
]);

it("a slip is for whoever has a password that was made and is certain to be set, in the rows' order, and only the portion's rows are opened", () => {
  const opened: number[] = [];
  const input = {
    row: (at: number): unknown => {
      opened.push(at);
      return { userId: `@u${at}:one.test`, password: `password ${at}`, passwordMade: true, displayName: "More than a slip needs" };
    },
  };
  const told = (from: number, limit: number) => {
    const { slips, ...counts } = passwordSlips(record, input, from, limit);
    return [slips.map(({ userId, password }) => `${userId} ${password.reveal()}`), counts];
  };
  const counts = { total: 2, unsure: 1 };
  expect(told(0, 500)).toEqual([["@u0:one.test password 0", "@u3:one.test password 3"], counts]);
  opened.length = 0;
  expect(told(1, 1)).toEqual([["@u3:one.test password 3"], counts]);
  expect(told(2, 1)).toEqual([[], counts]);
  expect(opened).toEqual([3]);
});
