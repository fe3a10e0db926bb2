import { expect, it } from "vitest";
import type { AdminApi } from "../../../main/admin/adminApi.ts";
import { changeUser } from "../../../main/admin/changeUser.ts";
import type { MasApi, MasUser } from "../../../main/admin/mas/masApi.ts";
import type { User } from "../../../shared/contract/users.ts";
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
