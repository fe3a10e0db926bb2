import { expect, it } from "vitest";
import type { AdminApi, ServerUserChanges } from "../../../main/admin/adminApi.ts";
import { createByService } from "../../../main/admin/mas/createByService.ts";
import type { MasApi, MasUser } from "../../../main/admin/mas/masApi.ts";
import type { NewUser } from "../../../shared/contract/newUsers.ts";
import type { User } from "../../../shared/contract/users.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";

const lost = { kind: "network", reason: "cut", host: "auth.one.test" } as const;
const wanted: NewUser = {
  username: "ann",
  displayName: null,
  emails: [],
  externalIds: [],
  admin: false,
  userType: "bot",
  startsAs: "active",
  picture: null,
  password: { kind: "none" },
};

/** A service and a homeserver that do, or don't do, what is asked of them once somebody is made, and whose answers are lost. */
async function made(startsAs: NewUser["startsAs"], acts: boolean) {
  let masUser: MasUser | null = null;
  const user = { userType: null, displayName: null } as User;
  const act = (change: () => void): Promise<never> => {
    if (acts) change();
    return Promise.reject(new AppFailure(lost));
  };
  const mas = {
    user: async () => masUser ?? Promise.reject(fail("not_found")),
    create: async () => (masUser = { id: "01ANN", admin: false, locked: false, deactivated: false, createdAt: null }),
    change: () => act(() => (masUser = { ...masUser!, locked: true })),
    canKeepProfile: async () => true,
    deactivate: () => act(() => (masUser = { ...masUser!, deactivated: true })),
  } as unknown as MasApi;
  const api = {
    serverName: "one.test",
    user: async () => ({ ...user }),
    changeUser: (_userId: string, { user_type: userType = null }: ServerUserChanges) => act(() => (user.userType = userType)),
  } as unknown as AdminApi;
  return createByService(mas, api, { ...wanted, startsAs }, null, false);
}

it.each(["locked", "deactivated"] as const)(
  "looks whether a new user begins %s, and is of their type, where the answer was lost",
  async (startsAs) => {
    expect(await made(startsAs, true)).toMatchObject({ missing: [], user: { userType: "bot", [startsAs]: true } });
    expect(await made(startsAs, false)).toMatchObject({
      missing: [
        { part: "user_type", error: lost },
        { part: startsAs, error: lost },
      ],
      user: { userType: null, [startsAs]: false },
    });
  },
);
