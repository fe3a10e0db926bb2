import { expect, it } from "vitest";
import { changesOfUser } from "../../../main/admin/changesOfUser.ts";
import { undoOf } from "../../../main/admin/undoOf.ts";
import type { LoggedAction } from "../../../shared/contract/actionLog.ts";
import type { User } from "../../../shared/contract/users.ts";
import type { ConversationId } from "../../../shared/ids.ts";

const USER: User = {
  userId: "@ann:one.test",
  displayName: "Ann",
  admin: false,
  guest: false,
  deactivated: false,
  erased: false,
  locked: false,
  shadowBanned: null,
  userType: null,
  createdAt: 1,
  lastSeenAt: 1,
  avatarMxc: null,
  suspended: false,
  threepids: [],
  externalIds: [],
  appserviceId: null,
};
const ENTRY: LoggedAction = {
  id: "aaaaaaaaaaaaaaaa" as ConversationId,
  at: 1,
  actor: "@boss:one.test",
  target: USER.userId,
  action: "lock",
  result: "done",
  detail: null,
};
const after = (action: string, now: Partial<User>): LoggedAction => ({
  ...ENTRY,
  action,
  changes: changesOfUser(USER, { ...USER, ...now }),
});

it("is the opposite of an action that has one", () => {
  expect(
    ["lock", "suspend", "shadow_ban", "unlock", "deactivate", "erase", "reset_password", "lock_users"].map((action) =>
      undoOf({ ...ENTRY, action }),
    ),
  ).toEqual([
    { kind: "action", action: "unlock" },
    { kind: "action", action: "unsuspend" },
    { kind: "action", action: "lift_shadow_ban" },
    null,
    null,
    null,
    null,
    null,
  ]);
});

it("is what was before, where that is known whole", () => {
  expect(undoOf(after("change_user", { displayName: null, admin: true, lastSeenAt: 5 }))).toEqual({
    kind: "details",
    changes: { displayName: "Ann", admin: false },
    seen: { displayName: "", admin: true },
  });
  expect(undoOf(after("change_user", { displayName: "x".repeat(400) }))).toBe(null);
  const externalIds = [{ provider: "oidc-x", id: "a: b" }];
  expect(undoOf(after("add_contact", { externalIds }))).toEqual({ kind: "externalId", way: "remove", externalId: externalIds[0] });
  expect(undoOf(after("add_contact", { threepids: [{ medium: "msisdn", address: "4930" }] }))).toMatchObject({
    way: "remove",
    threepid: { medium: "msisdn", address: "4930" },
  });
  expect(undoOf(after("change_user", {}))).toBe(null);
});

it("is nothing for what was not done, was undone, or was written by an earlier version", () => {
  expect(undoOf({ ...ENTRY, result: "unknown" })).toBe(null);
  expect(undoOf({ ...ENTRY, undone: true })).toBe(null);
  const { id: _none, ...earlier } = ENTRY;
  expect(undoOf(earlier)).toBe(null);
});
