import { expect, it } from "vitest";
import { isView } from "../../../renderer/stores/userViews.ts";
import type { SavedView } from "../../../shared/contract/userViews.ts";
import type { UserFilter } from "../../../shared/contract/users.ts";

const filter: UserFilter = { search: "", kind: "bots", seen: "any", withoutHidden: true, sort: "name", descending: false };
const view = { filter, columns: ["states"] } as unknown as SavedView;

it("is the view that is shown, whatever order its parts are in, and none once anything is otherwise", () => {
  expect(isView(view, { created: null, ...filter, lastSeen: null }, ["states"])).toBe(true);
  expect(isView(view, { ...filter, search: "x" }, ["states"])).toBe(false);
  expect(isView(view, { ...filter, created: { from: 1, to: null } }, ["states"])).toBe(false);
  expect(isView(view, filter, [])).toBe(false);
});
