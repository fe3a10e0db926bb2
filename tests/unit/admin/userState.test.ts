import { describe, expect, it } from "vitest";
import type { AdminApi } from "../../../main/admin/adminApi.ts";
import { hasChanged, isLastAdmin, type Judged, refusalOf } from "../../../main/admin/userState.ts";
import type { User } from "../../../shared/contract/users.ts";
import { ANN } from "../../support/serverUser.ts";

const ACTOR = "@boss:one.test";
const judge = (action: Judged["action"], user: Partial<User> = {}, more: Partial<Judged> = {}) =>
  refusalOf({
    action,
    user: { ...ANN, ...user },
    actor: ACTOR,
    rooms: 0,
    media: null,
    delegated: false,
    isLastAdmin: () => Promise.resolve(false),
    ...more,
  });

describe("an action", () => {
  it.each(["lock", "suspend", "deactivate", "erase"] as const)("spares the last admin: %s", async (action) => {
    const isLast = { isLastAdmin: () => Promise.resolve(true) };
    expect(await judge(action, { admin: true }, isLast)).toBe("last_admin");
    expect(await judge(action, {}, isLast)).toBeNull();
  });

  it("is not done to an admin where it is not known whether there is another", async () => {
    const unknown = { isLastAdmin: () => Promise.reject(new Error("no list")) };
    await expect(judge("lock", { admin: true }, unknown)).rejects.toThrow("no list");
  });

  it("may be done to an admin who is locked or deactivated already, whoever is left", async () => {
    const isLast = { isLastAdmin: () => Promise.resolve(true) };
    expect(await judge("erase", { admin: true, deactivated: true }, isLast)).toBeNull();
    expect(await judge("deactivate", { admin: true, locked: true }, isLast)).toBeNull();
  });

  it("is left to the authentication service, but for the users of bridges", async () => {
    for (const action of ["help", "reset_password", "lock", "unlock", "deactivate", "erase", "reactivate"] as const) {
      const user = { deactivated: action === "reactivate", locked: action === "unlock" };
      expect(await judge(action, user, { delegated: true })).toBe("delegated");
      expect(await judge(action, { ...user, appserviceId: "bridge" }, { delegated: true })).toBeNull();
    }
    expect(await judge("suspend", {}, { delegated: true })).toBeNull();
  });

  it("is offered where an older server does not say how things are", async () => {
    const unknown = { locked: null, suspended: null, shadowBanned: null, erased: null };
    for (const action of ["lock", "unlock", "suspend", "unsuspend", "shadow_ban", "lift_shadow_ban", "erase"] as const) {
      expect(await judge(action, unknown)).toBeNull();
    }
  });

  it("takes a deactivated user out of rooms that were left over", async () => {
    expect(await judge("deactivate", { deactivated: true }, { rooms: 2 })).toBeNull();
    expect(await judge("deactivate", { deactivated: true }, { rooms: null })).toBe("already");
  });

  it("may be meant for the admin themselves where it takes nothing from them", async () => {
    expect(await judge("allow_new_identity", { userId: ACTOR })).toBeNull();
    expect(await judge("lock", { userId: ACTOR })).toBe("oneself");
  });
});

describe("a user", () => {
  it.each([{ admin: true }, { deactivated: true }, { erased: true }, { locked: true }, { suspended: true }, { shadowBanned: true }])(
    "has changed: %j",
    (change) => {
      expect(hasChanged(ANN, { ...ANN, ...change })).toBe(true);
    },
  );

  it("has not changed by being seen, or called otherwise", () => {
    expect(hasChanged(ANN, { ...ANN, lastSeenAt: 17, displayName: "Anna" })).toBe(false);
  });
});

describe("the last admin", () => {
  const page = (next: string | null, ...users: Partial<User>[]) => ({
    rows: users.map((user) => ({ ...ANN, ...user })),
    next,
    total: null,
  });
  const listing = (...pages: ReturnType<typeof page>[]) => {
    const froms: (string | null)[] = [];
    const users = (_: unknown, from: string | null) => {
      froms.push(from);
      return Promise.resolve(pages[froms.length - 1]!);
    };
    return { froms, api: { users } as unknown as AdminApi };
  };

  it("is one beside whom all others are no admins, locked or deactivated, as older servers list them", async () => {
    const others = [
      { userId: "@a:one.test" },
      { userId: "@b:one.test", admin: true, locked: true },
      { userId: "@c:one.test", admin: true, deactivated: true },
    ];
    const { api, froms } = listing(page("7", { admin: true }, ...others), page(null));
    expect(await isLastAdmin(api, ANN.userId)).toBe(true);
    expect(froms).toEqual([null, "7"]);
  });

  it("is nobody while there is another, on whichever page", async () => {
    const { api } = listing(page("7", { admin: true }), page(null, { userId: "@a:one.test", admin: true, locked: null }));
    expect(await isLastAdmin(api, ANN.userId)).toBe(false);
  });
});
