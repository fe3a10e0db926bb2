import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readStaffFile, readUserFile } from "../../../main/admin/csv/readUserFile.ts";
import { ROWS_A_MESSAGE } from "../../../main/admin/csv/userFileTask.ts";
import { Secret } from "../../../shared/secret.ts";
import { errorOf } from "../../support/errorOf.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder("user-file");
  path = join(folder.path, "users.csv");
});
afterEach(() => folder.remove());

const task = () => ({ path, serverName: "one.test", readFor: { isNew: true, columns: ["id", "password"] as const }, mapping: null });
const ROWS = 2 * ROWS_A_MESSAGE + 1;

it("comes from its thread in pieces, in order, with its passwords as secrets and what is said of the whole", async () => {
  await writeFile(path, `id,password,class\n${Array.from({ length: ROWS }, (_, at) => `user${at},secret ${at},5a`).join("\n")}\n`);
  const { rows, unused, headings } = await readUserFile(task());
  expect([rows.length, unused, headings]).toEqual([ROWS, ["class"], ["id", "password", "class"]]);
  expect(rows.findIndex(({ name, line }, at) => name !== `@user${at}:one.test` || line !== at + 2)).toBe(-1);
  expect(rows.findIndex(({ user }, at) => !(user?.password instanceof Secret) || user.password.reveal() !== `secret ${at}`)).toBe(-1);
  const staff = await readStaffFile({ path, mapping: null });
  expect([staff.rows.length, staff.rows[ROWS - 1]?.details?.password?.reveal()]).toEqual([ROWS, `secret ${ROWS - 1}`]);
});

it("is refused, or asked about, with what the thread says", async () => {
  expect(await errorOf(readUserFile(task()))).toMatchObject({ kind: "file_failed" });
  await writeFile(path, "");
  expect(await errorOf(readUserFile(task()))).toEqual({ kind: "csv_without_users", columns: [] });
  await writeFile(path, "Nachname;Vorname;Klasse\nLovelace;Ada;5a\n");
  expect(await readUserFile(task())).toMatchObject({ rows: [], headings: ["Nachname", "Vorname", "Klasse"] });
});
