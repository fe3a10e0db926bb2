import { expect, it } from "vitest";
import type { AdminApi } from "../../../main/admin/adminApi.ts";
import { type Ask, listAllUsers } from "../../../main/admin/userList.ts";
import type { UserFilter } from "../../../shared/contract/users.ts";
import { UserAnswer } from "../../../main/admin/serverUser.ts";
import { fail } from "../../../shared/errors.ts";

const userId = "@ann:server.example";
const filter: UserFilter = {
  search: "ann@mail.example",
  kind: "current",
  seen: "any",
  withoutHidden: false,
  sort: "name",
  descending: false,
};
const ann = UserAnswer.parse({
  name: userId,
  displayname: "Ann",
  admin: false,
  deactivated: false,
  external_ids: [{ auth_provider: "oidc-x", external_id: "ann@mail.example" }],
});

it("asks whose address or external id was typed as patiently as all else, and until the work ends", async () => {
  const { signal } = new AbortController();
  const asked: { what: string; signal: AbortSignal | undefined }[] = [];
  const answering = {
    request: async (request: { path: string[]; signal?: AbortSignal }) => {
      asked.push({ what: request.path[1]!, signal: request.signal });
      return { user_id: userId };
    },
    user: async (_userId: string, how?: { signal?: AbortSignal }) => {
      asked.push({ what: "user", signal: how?.signal });
      return ann;
    },
    users: async () => ({ rows: [], next: null, total: 0 }),
  } as unknown as AdminApi;
  const limited = (): never => {
    throw fail("rate_limited", { retryAfterMs: 1 });
  };
  const impatient = { serverName: "server.example", request: limited, user: limited, users: limited } as unknown as AdminApi;
  const patient: Ask = (question) => question(answering, { signal });
  let providersAskedBy: Ask | null = null;
  const providers = async (ask: Ask): Promise<string[]> => {
    providersAskedBy = ask;
    return ["oidc-x"];
  };
  const rows = await listAllUsers(impatient, filter, { hidden: [], providers }, patient);
  expect(rows.map((row) => row.userId)).toEqual([userId]);
  expect(new Set(asked.map(({ what }) => what))).toEqual(new Set(["threepid", "auth_providers", "user"]));
  expect(asked.every((one) => one.signal === signal)).toBe(true);
  expect(providersAskedBy).toBe(patient);
});
