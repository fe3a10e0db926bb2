import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { UserViewsService } from "../../../main/admin/userViews.ts";
import type { UserFilter } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const one = "aaaaaaaaaaaaaaaa" as AccountId;
const two = "bbbbbbbbbbbbbbbb" as AccountId;
const filter: UserFilter = {
  search: "jane",
  kind: "bots",
  seen: "over90",
  created: { from: 1, to: null },
  withoutHidden: false,
  sort: "createdAt",
  descending: true,
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
const open = () => new UserViewsService({ path, onDamaged: () => undefined });
beforeEach(async () => {
  folder = await temporaryFolder("userViews");
  path = join(folder.path, "user-views.json");
});
afterEach(() => folder.remove());

const names = async (accountId: AccountId) => (await open().list({ accountId })).views.map(({ name }) => name);

it("keeps views for one account and for all, by name, and the columns for every list", async () => {
  expect(await open().list({ accountId: one })).toEqual({ views: [], columns: ["states", "createdAt", "lastSeenAt"] });
  const views = open();
  await views.save({ accountId: one, name: "Old bots", everywhere: false, filter, columns: ["userType"] });
  await views.save({ accountId: one, name: "all", everywhere: true, filter, columns: [] });
  await views.setColumns({ accountId: two, columns: [] });
  expect(await open().list({ accountId: one })).toMatchObject({
    columns: [],
    views: [
      { name: "all", accountId: null },
      { name: "Old bots", filter, columns: ["userType"] },
    ],
  });
  expect(await names(two)).toEqual(["all"]);
  const { views: replaced } = await views.save({
    accountId: one,
    name: "OLD bots",
    everywhere: false,
    filter: { ...filter, search: "" },
    columns: [],
  });
  expect(replaced.map(({ name }) => name)).toEqual(["all", "OLD bots"]);
  await views.remove({ accountId: two, id: replaced[0]!.id });
  await views.forgetAccount(one);
  expect([await names(one), await names(two)]).toEqual([[], []]);
});

it("shows no view that it does not understand, and leaves it where it is", async () => {
  await writeFile(
    path,
    JSON.stringify({ version: 1, data: { views: [{ id: "later", name: "Later", shape: "round" }], columns: ["states", "mood"] } }),
  );
  expect(await open().list({ accountId: one })).toEqual({ views: [], columns: ["states"] });
  await open().save({ accountId: one, name: "Mine", everywhere: true, filter, columns: [] });
  expect(await readFile(path, "utf8")).toContain("round");
});

it("keeps no more than a menu can show", async () => {
  const views = open();
  for (let at = 0; at < 100; at += 1) await views.save({ accountId: one, name: `View ${at}`, everywhere: true, filter, columns: [] });
  expect(await errorOf(views.save({ accountId: one, name: "One more", everywhere: true, filter, columns: [] }))).toMatchObject({
    kind: "invalid_input",
  });
  await views.save({ accountId: one, name: "View 7", everywhere: true, filter, columns: ["states"] });
});
