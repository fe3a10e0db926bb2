import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { AuthUser } from "../../support/authService/authService.ts";
import { FormClient } from "../../support/authService/formClient.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useAuthService({ browser: false });
const TOKEN = { method: "POST", path: /^\/oauth2\/token$/ };
let data: StewardData;
let services: Services;
let people = 0;

beforeAll(() => {
  servers.auth.settings.deviceIntervalSeconds = 1;
});
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
});
afterEach(async () => {
  servers.auth.faults.clear();
  await data.destroy();
});

const newUser = (): Promise<AuthUser> => servers.auth.addUser({ localpart: `code${(people += 1)}`, password: "a password" });

async function start(accountId: AccountId | null = null): Promise<{ signInId: ConversationId; page: string; code: string }> {
  const request = { serverName: null, baseUrl: servers.proxy.baseUrl, accountId, acceptInsecureHttp: false };
  const { signInId } = await services.browserSignIns.startOauthByCode(request);
  const [begun] = services.browserSignIns.listBrowserSignIns().signIns;
  if (begun?.status !== "waiting" || begun.userCode === null) throw new Error(JSON.stringify(begun));
  return { signInId, page: begun.url, code: begun.userCode };
}

/** Types the code on the page, in a browser somewhere, and allows what is asked for. */
async function typeCode({ page, code }: { page: string; code: string }, user: AuthUser): Promise<string> {
  const browser = new FormClient();
  await browser.open(page);
  await browser.submit({ user_code: code });
  await browser.submit({});
  await browser.submit({ username: user.localpart, password: user.password });
  return (await browser.submit({ action: "allow" })).html;
}

describe("signing in with a code", () => {
  it("opens no page by itself, survives a page of a proxy between, and has the device that was asked for", async () => {
    const user = await newUser();
    const spoiled = servers.auth.faults.addRule({ ...TOKEN, fault: { kind: "answer", status: 502, body: "<html>Bad gateway</html>" } });
    const begun = await start();
    expect(data.opened).toEqual([]);
    await spoiled.firstMet;
    expect(await typeCode(begun, user)).toContain("Device linked");
    const end = await data.signInEnded(begun.signInId);
    if (end.status !== "done") throw new Error(JSON.stringify(end));
    await waitUntil(() => services.sessions.account(end.accountId).session.status === "running", {
      what: "the account to run",
      timeoutMs: 60_000,
    });
    const [session, ...others] = servers.auth.sessionsOf(user.localpart);
    expect(others).toEqual([]);
    expect(session).toMatchObject({
      deviceId: services.sessions.account(end.accountId).deviceId,
      name: expect.stringMatching(/^Steward on /),
    });
    expect(JSON.stringify(data.events)).not.toContain("device_code");
  });

  it("opens the page where the person wants that", async () => {
    const { signInId, page } = await start();
    services.browserSignIns.openBrowserSignIn({ signInId });
    expect(data.opened).toEqual([page]);
    expect(data.signInStates(signInId).at(-1)).toMatchObject({
      status: "waiting",
      browserFailed: false,
      userCode: expect.stringMatching(/^[A-Z]{6}$/),
    });
  });

  it("says that the person has said no", async () => {
    const { signInId, page, code } = await start();
    const browser = new FormClient();
    await browser.open(page);
    await browser.submit({ user_code: code });
    await browser.submit({ abort: "yes" });
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "failed", error: { kind: "oauth_denied" } });
  });

  it("can be cancelled, and leaves no session behind that is allowed too late", async () => {
    const user = await newUser();
    const asked = servers.auth.faults.hold({ ...TOKEN, nth: 1, when: "before" });
    const begun = await start();
    await asked.reached;
    await typeCode(begun, user);
    await services.browserSignIns.cancelBrowserSignIn({ signInId: begun.signInId });
    asked.release();
    expect(await data.signInEnded(begun.signInId)).toMatchObject({ status: "cancelled" });
    await waitUntil(() => servers.auth.sessionsOf(user.localpart).length === 0, { what: "the session to be ended" });
    expect(services.sessions.list()).toEqual([]);
  });

  it("takes the device over of a sign-in whose answer was lost", async () => {
    const user = await newUser();
    servers.auth.faults.addRule({ ...TOKEN, fault: { kind: "cut" }, when: "after" });
    const asked = servers.auth.faults.hold({ ...TOKEN, nth: 1, when: "before" });
    const begun = await start();
    await asked.reached;
    await typeCode(begun, user);
    asked.release();
    expect(await data.signInEnded(begun.signInId)).toMatchObject({
      status: "failed",
      error: { kind: "oauth_refused", code: "invalid_grant" },
    });
    const [lost] = servers.auth.sessionsOf(user.localpart);
    const again = await start();
    await typeCode(again, user);
    const end = await data.signInEnded(again.signInId);
    if (end.status !== "done") throw new Error(JSON.stringify(end));
    expect(services.sessions.account(end.accountId).deviceId).toBe(lost!.deviceId);
  });
});
