import { expect, it } from "vitest";
import type { AdminApi } from "../../../main/admin/adminApi.ts";
import { changeUser } from "../../../main/admin/changeUser.ts";
import type { MasApi, MasUser } from "../../../main/admin/mas/masApi.ts";
import type { User } from "../../../shared/contract/users.ts";
import { AppFailure } from "../../../shared/errors.ts";
import { errorOf } from "../../support/errorOf.ts";

const BOSS = "@boss:one.test";
const ANN = "@ann:one.test";

it("changes nothing of an admin who would take their own rights by the service", async () => {
  const sent: unknown[] = [];
  const asked = (...call: unknown[]) => void sent.push(call);
  const user = { admin: true, displayName: "Boss", userType: null } as User;
  const masUser: MasUser = { id: "01BOSS", admin: true, locked: false, deactivated: false, createdAt: null };
  const api = {
    userId: BOSS,
    user: async () => user,
    changeUser: async (_userId: string, { displayname }: { displayname: string }) => (asked("name"), { ...user, displayName: displayname }),
  } as unknown as AdminApi;
  const service = {
    user: async () => masUser,
    setAdmin: async (_id: string, admin: boolean) => (asked("admin"), { ...masUser, admin }),
  } as unknown as MasApi;
  const changes = { displayName: "No boss", admin: false };
  expect(await errorOf(changeUser(api, BOSS, changes, {}, service))).toEqual({ kind: "not_allowed_by_server" });
  expect(sent).toEqual([]);
  expect((await changeUser(api, ANN, changes, {}, service)).user).toMatchObject(changes);
  expect(sent).toEqual([["name"], ["admin"]]);
});

it.each([true, false])("looks whether somebody has the rights whose giving the service did not answer: %s", async (acts) => {
  const lost = { kind: "network", reason: "cut", host: "auth.one.test" } as const;
  const user = { admin: false, displayName: "Ann", userType: null } as User;
  let masUser: MasUser = { id: "01ANN", admin: false, locked: false, deactivated: false, createdAt: null };
  const service = {
    user: async () => masUser,
    setAdmin: async (_id: string, admin: boolean) => {
      if (acts) masUser = { ...masUser, admin };
      throw new AppFailure(lost);
    },
  } as unknown as MasApi;
  const api = { userId: BOSS, user: async () => user } as unknown as AdminApi;
  const changed = changeUser(api, ANN, { admin: true }, {}, service);
  if (acts) expect(await changed).toMatchObject({ user: { admin: true } });
  else expect(await errorOf(changed)).toEqual(lost);
});
