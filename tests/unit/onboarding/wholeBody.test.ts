import { expect, it } from "vitest";
import { Registration } from "../../../main/onboarding/registration.ts";
import { newClientSecret, type RegistrationRecord } from "../../../main/onboarding/registrationRecord.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { secretOf } from "../../support/secretValues.ts";

const RECORD: RegistrationRecord = {
  kind: "registration",
  serverName: "example.org",
  baseUrl: "https://matrix.example.org",
  username: "alice",
  email: null,
  deviceId: "ABCDEFGHIJ",
  clientSecret: newClientSecret(),
  mail: null,
  phone: null,
  code: null,
  uiaSession: null,
  made: null,
};

interface Body {
  username?: string;
  password?: string;
  device_id?: string;
  auth?: { session?: string; type?: string };
}

/**
 * A server as those of the Conduit family are: it keeps nothing between two requests but the session, which it may forget,
 * and takes no `auth` that names none.
 */
function strictServer() {
  const bodies: Body[] = [];
  let sessions = 0;
  const answer = (status: number, body: object): Response =>
    new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
  const fetch = (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const body = JSON.parse(String(init?.body)) as Body;
    bodies.push(body);
    const isWhole = body.username === "alice" && body.password === "a password" && body.device_id === RECORD.deviceId;
    if (!isWhole || (body.auth && body.auth.session === undefined))
      return Promise.resolve(answer(400, { errcode: "M_MISSING_PARAM", error: "no" }));
    // It forgets the first one.
    if (body.auth?.session === "2" && body.auth.type === "m.login.dummy") {
      return Promise.resolve(answer(200, { user_id: "@alice:example.org", access_token: "syt_token", device_id: RECORD.deviceId }));
    }
    sessions += 1;
    return Promise.resolve(answer(401, { session: String(sessions), flows: [{ stages: ["m.login.dummy"] }], params: {} }));
  };
  return { fetch: fetch as typeof globalThis.fetch, bodies };
}

it("every request has the whole body, the first no authentication, and the others the newest session", async () => {
  const { fetch, bodies } = strictServer();
  const saved: RegistrationRecord[] = [];
  const registration = new Registration(
    {
      registrationId: "aaaaaaaaaaaaaaaa" as AccountId,
      fetch,
      sessionName: "Steward",
      save: (record) => Promise.resolve(void saved.push(record)),
      onChange: () => undefined,
      pollMs: 10,
    },
    RECORD,
    secretOf("password", "a password"),
  );
  expect(await registration.begin()).toBeNull();
  expect(await registration.converse()).toMatchObject({ userId: "@alice:example.org", accessToken: "syt_token" });
  expect(bodies.map(({ auth }) => auth)).toEqual([
    undefined,
    { type: "m.login.dummy", session: "1" },
    { type: "m.login.dummy", session: "2" },
  ]);
  expect(saved.map(({ uiaSession }) => uiaSession)).toEqual(["1", "2"]);
});
