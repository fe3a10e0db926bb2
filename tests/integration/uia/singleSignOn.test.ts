import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type AuthDict, Challenges } from "../../../main/uia/challenges.ts";
import type { Challenge } from "../../../shared/contract/challenges.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { PersonsBrowser, signInAtProvider } from "../../support/browser.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { LocalServer } from "../../support/localServer.ts";
import { matrixCall } from "../../support/matrixApi.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../../support/openIdProvider.ts";
import { freePort } from "../../support/ports.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

let provider: OpenIdProvider;
let synapse: Synapse;
let proxy: FaultProxy;
let browser: PersonsBrowser;
let seen: Challenge[];
let challenges: Challenges;
let people = 0;

beforeAll(async () => {
  const port = await freePort();
  proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
  const publicBaseUrl = `${proxy.baseUrl}/`;
  provider = await startOpenIdProvider([`${publicBaseUrl}_synapse/client/oidc/callback`]);
  synapse = await startSynapse({
    port,
    publicBaseUrl,
    config: {
      oidc_providers: [
        provider.synapseConfig({ idpId: "example", name: "Example" }),
        provider.synapseConfig({ idpId: "second", name: "Second" }),
      ],
      sso: { client_whitelist: ["http://127.0.0.1:"] },
    },
  });
  browser = await PersonsBrowser.start();
}, 120_000);
afterAll(async () => {
  await browser?.stop();
  await synapse?.stop();
  await provider?.stop();
  await proxy?.stop();
});
beforeEach(() => {
  proxy.clear();
  seen = [];
  challenges = new Challenges({
    emit: (channel, payload) => {
      if (channel === "challenges.changed") seen.push(payload as Challenge);
    },
    pollMs: 50,
  });
});

interface SignedIn {
  name: string;
  token: string;
  deviceId: string;
  userId: string;
}

/** Signs a new person in through the browser, and makes a second session to be removed. */
async function newPerson(): Promise<SignedIn> {
  const name = `person${(people += 1)}`;
  const app = await LocalServer.start((response) => void response.end("done"));
  await browser.forgetCookies();
  const redirect = encodeURIComponent(`${app.baseUrl}/answer`);
  const page = await browser.open(`${proxy.baseUrl}/_matrix/client/v3/login/sso/redirect/oidc-example?redirectUrl=${redirect}`);
  await signInAtProvider(page, name);
  await page.waitForURL(`${app.baseUrl}/answer?*`);
  const loginToken = new URL(page.url()).searchParams.get("loginToken");
  await app.stop();
  const body = { type: "m.login.token", token: loginToken };
  const signedIn = await synapse.call({ path: "/_matrix/client/v3/login", body });
  return { name, token: signedIn.access_token, deviceId: signedIn.device_id, userId: signedIn.user_id };
}

/** Sets a first password, which Synapse wants confirmed each time. */
function setPassword({ token, userId }: SignedIn): Promise<void> {
  const session = { details: { accountId: "aaaaaaaaaaaaaaaa" as AccountId, userId, baseUrl: proxy.baseUrl } };
  return challenges.run(
    session,
    "sign_out_sessions",
    async (auth: AuthDict | null) => {
      const path = "/_matrix/client/v3/account/password";
      const body = { new_password: "nine quiet herons", logout_devices: false, ...(auth && { auth }) };
      const answer = await matrixCall(proxy.baseUrl, { method: "POST", path, token, body });
      if (answer.status !== 200) {
        const { errcode, error } = answer.body as { errcode?: string; error?: string };
        throw Object.assign(new Error(error ?? "refused"), { httpStatus: answer.status, errcode, data: answer.body });
      }
    },
    { signal: new AbortController().signal },
  );
}

const asking = (): Promise<Challenge & { stage: { kind: "sso"; url: string } }> =>
  waitUntil(() => challenges.list().challenges.find(({ status }) => status === "asking"), { what: "the question" }) as never;

it("is noticed when it is done in the browser, also when the server was away meanwhile", async () => {
  const person = await newPerson();
  const done = setPassword(person);
  const { stage } = await asking();
  expect(stage.kind).toBe("sso");
  const trouble = proxy.addRule({ path: /account\/password/, times: 2, fault: { kind: "answer", status: 502, body: "<html>" } });
  await waitUntil(() => trouble.met === 2, { what: "the server to have been asked in vain" });
  const page = await browser.open(stage.url);
  await page.getByRole("link").first().click();
  await done;
  expect(seen.at(-1)!.status).toBe("done");
  await expect(synapse.login(person.name, "nine quiet herons")).resolves.toBeTruthy();
}, 60_000);

it("says when somebody else has confirmed, and goes on when the right person does", async () => {
  const person = await newPerson();
  const done = setPassword(person);
  const { stage, challengeId } = await asking();
  await browser.forgetCookies();
  const wrong = await browser.open(stage.url);
  await wrong.getByRole("link").first().click();
  await signInAtProvider(wrong, `${person.name}-else`);
  await waitUntil(() => challenges.list().challenges.some((one) => one.status === "asking" && one.error?.kind === "confirmed_by_other"), {
    what: "the other one to be noticed",
  });
  expect(challenges.list().challenges).toMatchObject([{ challengeId, status: "asking", stage }]);
  await browser.forgetCookies();
  const right = await browser.open(stage.url);
  await right.getByRole("link").first().click();
  await signInAtProvider(right, person.name);
  await done;
}, 60_000);

it("is done at whichever of two providers the server picks, by the person whose identity it is there", async () => {
  const person = await newPerson();
  const [example, second] = [person.name, `${person.name}-second`];
  await synapse.adminCall({
    method: "PUT",
    path: `/_synapse/admin/v2/users/${encodeURIComponent(person.userId)}`,
    body: {
      external_ids: [
        { auth_provider: "oidc-example", external_id: example },
        { auth_provider: "oidc-second", external_id: second },
      ],
    },
  });
  const done = setPassword(person);
  const { stage } = await asking();
  await browser.forgetCookies();
  const page = await browser.open(stage.url);
  const link = page.getByRole("link").first();
  const picksSecond = (await page.textContent("body"))?.includes("Second") ?? false;
  await link.click();
  await signInAtProvider(page, picksSecond ? second : example);
  await done;
  expect(seen.at(-1)!.status).toBe("done");
}, 60_000);

it("can be cancelled while the browser is open", async () => {
  const done = setPassword(await newPerson());
  const { challengeId } = await asking();
  challenges.cancel({ challengeId });
  await expect(done).rejects.toMatchObject({ error: { kind: "challenge_cancelled" } });
  expect(challenges.list().challenges).toEqual([]);
});
