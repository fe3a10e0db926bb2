import { expect, it } from "vitest";
import { actionsFor, actionWords } from "../../../renderer/features/userActions/actionWords.ts";
import { type ActionPreview, UserAction } from "../../../shared/contract/userActions.ts";
import { ANN } from "../../support/serverUser.ts";

const preview = (action: UserAction, more: Partial<ActionPreview> = {}): ActionPreview => ({
  action,
  user: ANN,
  refusal: null,
  token: null,
  typed: false,
  ownAccount: false,
  sessions: 2,
  rooms: 1,
  passwords: true,
  media: null,
  ...more,
});

it("offers what undoes a state in place of what makes it", () => {
  expect(actionsFor(ANN)).toEqual([
    "help",
    "reset_password",
    "allow_new_identity",
    "lock",
    "suspend",
    "shadow_ban",
    "deactivate",
    "erase",
    "delete_uploads",
  ]);
  expect(actionsFor({ ...ANN, locked: true, suspended: true, shadowBanned: true }).slice(3, 6)).toEqual([
    "unlock",
    "unsuspend",
    "lift_shadow_ban",
  ]);
  expect(actionsFor({ ...ANN, deactivated: true })).toEqual(["reactivate", "erase", "delete_uploads"]);
  expect(actionsFor({ ...ANN, deactivated: true, erased: true })).toEqual(["reactivate", "delete_uploads"]);
});

it("says something of each action, in words and not in names of texts", () => {
  for (const action of UserAction.options) {
    const { does, leaves } = actionWords(preview(action));
    expect(does.length).toBeGreaterThan(0);
    for (const sentence of [...does, ...leaves]) expect(sentence).not.toMatch(/userActions|\{/);
  }
});

it("counts what a deactivation takes, and says so where it is not known", () => {
  const user = {
    ...ANN,
    admin: true,
    threepids: [{ medium: "email" as const, address: "ann@mail.example" }],
    externalIds: [{ provider: "oidc-x", id: "ann" }],
  };
  const known = actionWords(preview("deactivate", { user }));
  expect(known.does.join(" ")).toMatch(/2 sessions.*1 room\..*ann@mail\.example/);
  expect(known.leaves.join(" ")).toMatch(/picture.*provider.*admin/);
  const unknown = actionWords(preview("deactivate", { sessions: null, rooms: null }));
  expect(unknown.does.join(" ")).toMatch(/all their sessions.*all their rooms/);
  expect(unknown.notes).toHaveLength(1);
  expect(actionWords(preview("deactivate", { sessions: 0, rooms: 0 })).does.join(" ")).not.toMatch(/sessions|rooms|0/);
});

it("warns where the server's version brings an erased user back without a profile", () => {
  const notes = (version: string | null, erased = true): number =>
    actionWords(preview("reactivate", { user: { ...ANN, deactivated: true, erased } }), version).notes.length;
  expect(["1.149.1", "1.150.0", "1.156.0rc1 (b=x)", "1.157.0", "tuwunel 1.5", null].map((version) => notes(version))).toEqual([
    0, 1, 1, 0, 0, 0,
  ]);
  expect(notes("1.152.0", false)).toBe(0);
});

it("does not count again what a deactivated user has lost before they are erased", () => {
  const { does, leaves } = actionWords(preview("erase", { user: { ...ANN, deactivated: true } }));
  expect(does.join(" ")).not.toContain("password");
  expect(does.at(-1)).toBe("This can’t be undone.");
  expect(leaves.join(" ")).not.toContain("picture");
});
