import { parse } from "csv-parse/sync";
import { expect, it } from "vitest";
import { ActionLogService, type ActionLogServiceParts } from "../../../main/admin/actionLogService.ts";
import { resultFile } from "../../../main/admin/bulk/resultFile.ts";
import { reportFile } from "../../../main/admin/offboarding/reportFile.ts";
import type { JobInput } from "../../../main/jobs/jobInput.ts";
import { JobRecord } from "../../../main/jobs/jobJournal.ts";
import { AccountId, ConversationId } from "../../../shared/ids.ts";

const accountId = AccountId.parse("abcdefgh01234567");
const EVIL = ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "'=1"];

/** A Job with one row, whose server answered with a formula. */
function recordOf(evil: string): JobRecord {
  const [jobId, kind] = [ConversationId.parse("abcdefgh01234567"), "create_users"];
  const record = new JobRecord({ fact: "begun", version: 1, jobId, accountId, kind, payload: {}, rows: 1, inputSha256: "", at: 1 });
  record.take({ fact: "targets", from: 0, targets: [`@${evil}:one.test`] });
  const error = { kind: "server", status: 400, errcode: "", message: evil } as const;
  record.take({ fact: "rowEnded", row: 0, outcome: "failed", reason: null, names: [], error, count: null, madePassword: false });
  return record;
}

const rowWith = (evil: string) => ({
  userId: `@${evil}:one.test`,
  password: evil,
  passwordMade: false,
  displayName: evil,
  admin: null,
  avatarUrl: evil,
  userType: evil,
  threepids: [],
  externalIds: [{ provider: evil, id: "x" }],
  locked: false,
  deactivated: false,
});

async function savedLog(evil: string): Promise<string> {
  let saved = "";
  const change = { field: evil, before: evil, after: evil };
  const entry = { at: 1, actor: evil, target: evil, action: evil, result: "failed", detail: evil, changes: [change] };
  const parts = {
    log: { list: () => Promise.resolve([entry]) },
    sessions: { account: () => ({ homeserver: { serverName: "one.test" } }) },
    saveText: ({ text }: { text: string }) => Promise.resolve(((saved = text), true)),
  };
  await new ActionLogService(parts as unknown as ActionLogServiceParts).save({ accountId });
  return saved;
}

it.each(EVIL)("no file for spreadsheets begins a cell with a formula: %j", async (evil) => {
  const input = { row: () => rowWith(evil) } as unknown as JobInput;
  const record = recordOf(evil);
  for (const text of [
    await resultFile(record, input, "all"),
    await resultFile(record, input, "not_done"),
    await resultFile(record, null, "all"),
    reportFile([record], ["one.test", evil]),
    await savedLog(evil),
  ]) {
    const cells = parse(text, { bom: true, relax_column_count: true }).flat();
    expect(cells.filter((cell) => /^[=+\-@\t\r\n＝＋－＠]/.test(cell))).toEqual([]);
    expect(cells.some((cell) => cell.includes(evil))).toBe(true);
  }
});
