import { beforeEach, expect, it } from "vitest";
import type { AdminApi } from "../../../main/admin/adminApi.ts";
import type { MasApi } from "../../../main/admin/mas/masApi.ts";
import { changeExternalIds, changeThreepids } from "../../../main/admin/userContacts.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { adminApiAt, type Answer, json } from "../../support/adminApi.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";

const ANN = "@ann:one.test";
const [FIRST, SECOND] = [
  { auth_provider: "oidc-x", external_id: "1" },
  { auth_provider: "oidc-x", external_id: "2" },
];

/** What the server has, and what each change is answered with. */
let ids: object[];
let sent: object[][];

beforeEach(() => void ([ids, sent] = [[FIRST], []]));

/** A server that answers a change of external ids in its own way. */
async function adding(change: (wanted: object[]) => Answer) {
  const server = await LocalServer.start((response, request) => {
    if (request.path.includes("auth_providers")) return json(404, { errcode: "M_NOT_FOUND", error: "" })(response, request);
    const said = (): object => ({ name: ANN, admin: false, deactivated: false, external_ids: ids });
    if (request.method !== "PUT") return json(200, said())(response, request);
    const wanted = (JSON.parse(request.body) as { external_ids: object[] }).external_ids;
    sent.push(wanted);
    change(wanted)(response, request);
  });
  try {
    const api = adminApiAt(server.baseUrl, "@boss:one.test");
    return await errorOf(changeExternalIds(api, ANN, { add: { provider: "oidc-x", id: "2" } }, [{ provider: "oidc-x", id: "1" }]));
  } finally {
    await server.stop();
  }
}

it("brings back the external ids that an older server loses where it refuses one", async () => {
  const error = await adding((wanted) => {
    ids = wanted.length === 1 ? wanted : [];
    return wanted.length === 1
      ? json(200, { name: ANN, admin: false, deactivated: false, external_ids: wanted })
      : json(500, { errcode: "M_UNKNOWN", error: "" });
  });
  expect(error).toMatchObject({ kind: "server", status: 500 });
  expect(sent).toEqual([[FIRST, SECOND], [FIRST]]);
  expect(ids).toEqual([FIRST]);
});

it("changes nothing more where the others are still there, or nobody can tell", async () => {
  expect(await adding(() => json(409, { errcode: "M_UNKNOWN", error: "External id is already in use." }))).toMatchObject({ status: 409 });
  expect(await adding(() => (response) => void response.destroy())).toMatchObject({ kind: "network" });
  expect(sent).toHaveLength(2);
});

it("looks whether an address is there whose adding the authentication service did not answer", async () => {
  const lost = { kind: "network", reason: "cut", host: "auth.one.test" } as const;
  const change = { add: { medium: "email", address: "ann@one.test" } } as const;
  const changed = (acts: boolean) => {
    let emails: string[] = [];
    const service = {
      user: async () => ({ id: "01ANN", admin: false, locked: false, deactivated: false, createdAt: null }),
      hasEmail: async (_id: string, email: string) => emails.includes(email),
      addEmail: async (_id: string, email: string) => {
        if (acts) emails = [email];
        throw new AppFailure(lost);
      },
    } as unknown as MasApi;
    const api = {
      request: () => Promise.reject(fail("not_found")),
      // What is heard of at once is not waited for.
      user: async () => ({ threepids: emails.map((address) => ({ medium: "email", address })) }),
    } as unknown as AdminApi;
    return changeThreepids(api, ANN, change, [], service);
  };
  expect(await changed(true)).toMatchObject({ user: { threepids: [change.add] }, changedMeanwhile: false });
  expect(await errorOf(changed(false))).toEqual(lost);
});
