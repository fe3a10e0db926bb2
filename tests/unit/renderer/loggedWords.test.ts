import { expect, it } from "vitest";
import { actionText, changeText, matchesLogged, resultVerdict } from "../../../renderer/features/actionLog/loggedWords.ts";
import type { LoggedAction } from "../../../shared/contract/actionLog.ts";
import { UserAction } from "../../../shared/contract/userActions.ts";

const ENTRY: LoggedAction = { at: 1, actor: "@boss:one.test", target: "@ann:one.test", action: "deactivate", result: "done", detail: null };

it("has words for every action, and shows one of a later version as it stands", () => {
  const others = [
    "create",
    "change_user",
    "add_contact",
    "remove_contact",
    "rename_session",
    "sign_out_sessions",
    "create_token",
    "remove_token",
    "create_users",
    "deactivate_users",
    "lock_users",
    "unlock_users",
    "reset_passwords",
  ];
  for (const action of [...UserAction.options, ...others]) expect(actionText({ ...ENTRY, action })).not.toBe(action);
  expect(actionText({ ...ENTRY, action: "sing" })).toBe("sing");
  expect(actionText({ ...ENTRY, action: "change_user", detail: "admin" })).toBe("Changed the user (admin)");
});

it("says what is otherwise since; what somebody typed stays as it was typed", () => {
  expect(changeText({ field: "locked", before: "false", after: "true" })).toBe("Locked: no → yes");
  expect(changeText({ field: "displayName", before: "true", after: null })).toBe("Display name: true → none");
  expect(changeText({ field: "usesAllowed", before: "5", after: null })).toBe("Uses: 5 → no limit");
  expect(changeText({ field: "msc3881", before: null, after: "true" })).toBe("msc3881: none → yes");
  expect(matchesLogged({ ...ENTRY, changes: [{ field: "email", before: null, after: "ann@mail.example" }] }, "mail.example")).toBe(true);
});

it("is found by each of the words that were typed", () => {
  const failed = { ...ENTRY, result: "failed" as const, detail: "server M_UNKNOWN" };
  expect(["", "ann", "ANN deactivated", "boss done"].map((query) => matchesLogged(ENTRY, query))).toEqual([true, true, true, true]);
  expect(matchesLogged(ENTRY, "ann locked")).toBe(false);
  expect(matchesLogged(failed, "m_unknown failed")).toBe(true);
  expect(resultVerdict(failed)).toEqual({ tone: "bad", text: "Failed" });
});
