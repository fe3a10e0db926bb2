import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { signInAtProvider } from "../../support/browser.ts";
import { useSingleSignOn } from "../../support/singleSignOn.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useSingleSignOn();
let data: StewardData;
let services: Services;
let people = 0;

beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  await servers.browser.forgetCookies();
});
afterEach(async () => {
  servers.proxy.clear();
  await data.destroy();
});

const newName = (): string => `sso${(people += 1)}`;
const start = async (accountId: AccountId | null = null): Promise<ConversationId> => {
  const request = { serverName: null, baseUrl: servers.proxy.baseUrl, providerId: "oidc-example", accountId, acceptInsecureHttp: false };
  return (await services.browserSignIns.startSso(request)).signInId;
};

/** Goes through the provider's pages, as somebody, for the sign-in that was started last. */
async function goThrough(name: string): Promise<string> {
  const page = await servers.browser.open(data.opened.at(-1)!);
  await signInAtProvider(page, name);
  await page.waitForURL(/\/done$/);
  return (await page.textContent("body")) ?? "";
}

async function signIn(name: string): Promise<AccountId> {
  const signInId = await start();
  await goThrough(name);
  const end = await data.signInEnded(signInId);
  if (end.status !== "done") throw new Error(JSON.stringify(end));
  return end.accountId;
}

const devicesOf = async (name: string): Promise<string[]> => {
  const path = `/_synapse/admin/v2/users/${encodeURIComponent(`@${name}:${servers.synapse.serverName}`)}/devices`;
  const { devices } = (await servers.synapse.adminCall({ path })) as { devices: { device_id: string }[] };
  return devices.map(({ device_id: id }) => id);
};

const secretsOf = (accountId: AccountId) => services.secretStore.read(accountId);

describe("single sign-on", () => {
  it("signs in through the browser, and tells the person to come back", async () => {
    const name = newName();
    const signInId = await start();
    expect(services.browserSignIns.listBrowserSignIns().signIns).toMatchObject([{ signInId, status: "waiting", url: data.opened[0] }]);
    expect(await goThrough(name)).toContain("go back to Steward");
    const end = await data.signInEnded(signInId);
    expect(end).toMatchObject({ status: "done" });
    const account = services.sessions.list()[0]!;
    expect(account).toMatchObject({ userId: `@${name}:${servers.synapse.serverName}`, session: { status: "running" } });
    expect(services.browserSignIns.listBrowserSignIns().signIns).toEqual([]);
    expect(JSON.stringify(data.events)).not.toContain("loginToken=");
  });

  it("can be cancelled, and a late answer finds nobody", async () => {
    const signInId = await start();
    await services.browserSignIns.cancelBrowserSignIn({ signInId });
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "cancelled" });
    const redirect = new URL(new URL(data.opened[0]!).searchParams.get("redirectUrl")!);
    await expect(fetch(`${redirect.href}?loginToken=late`)).rejects.toThrow();
    expect(services.sessions.list()).toEqual([]);
  });

  it("keeps two that wait apart: each answer reaches the one that asked", async () => {
    const first = await start();
    const second = await start();
    const [one, two] = [newName(), newName()];
    await goThrough(two);
    expect(await data.signInEnded(second)).toMatchObject({ status: "done" });
    expect(data.signInStates(first).at(-1)!.status).toBe("waiting");
    await servers.browser.forgetCookies();
    const page = await servers.browser.open(data.opened[0]!);
    await signInAtProvider(page, one);
    expect(await data.signInEnded(first)).toMatchObject({ status: "done" });
    expect(
      services.sessions
        .list()
        .map(({ userId }) => userId)
        .sort(),
    ).toEqual([one, two].map((name) => `@${name}:${servers.synapse.serverName}`).sort());
  });

  it("hangs for none of two where one browser's cookie is the newer one's, and does both one after the other", async () => {
    const older = await start();
    const olderUrl = data.opened.at(-1)!;
    const newer = await start();
    // The server keeps one cookie: the page that was opened first can't be finished any more, and takes the other with it.
    const page = await servers.browser.open(olderUrl);
    await servers.browser.open(data.opened.at(-1)!);
    await signInAtProvider(page, newName());
    await page.waitForURL((url) => url.pathname.includes("/oidc/callback"));
    expect([older, newer].map((one) => data.signInStates(one).at(-1)!.status)).toEqual(["waiting", "waiting"]);
    expect(services.sessions.list()).toEqual([]);
    for (const one of [older, newer]) {
      await services.browserSignIns.cancelBrowserSignIn({ signInId: one });
      expect(await data.signInEnded(one)).toMatchObject({ status: "cancelled" });
      await servers.browser.forgetCookies();
      await signIn(newName());
    }
    expect(services.sessions.list()).toHaveLength(2);
  }, 60_000);

  it("of somebody who is deactivated ends in the browser, and leaves nothing here", async () => {
    const name = newName();
    const accountId = await signIn(name);
    const userId = `@${name}:${servers.synapse.serverName}`;
    await services.sessions.signOut(accountId);
    await servers.synapse.adminCall({
      method: "POST",
      path: `/_synapse/admin/v1/deactivate/${encodeURIComponent(userId)}`,
      body: { erase: false },
    });
    const signInId = await start();
    const page = await servers.browser.open(data.opened.at(-1)!);
    await page.waitForURL((url) => url.pathname.includes("/oidc/callback"));
    expect(await page.textContent("body")).toMatch(/deactivated/i);
    expect(data.signInStates(signInId).at(-1)).toMatchObject({ status: "waiting" });
    await services.browserSignIns.cancelBrowserSignIn({ signInId });
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "cancelled" });
    expect(services.sessions.list()).toEqual([]);
  });

  it("says when the token is no longer taken, and starts again without a session left over", async () => {
    const name = newName();
    const lost = servers.proxy.addRule({ method: "POST", path: /\/login$/, fault: { kind: "cut" }, when: "after" });
    const signInId = await start();
    await goThrough(name);
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "failed", error: { kind: "network" } });
    expect(lost.met).toBe(1);
    expect(await devicesOf(name)).toHaveLength(1);
    const again = await start();
    const page = await servers.browser.open(data.opened.at(-1)!);
    await page.waitForURL(/\/done$/);
    expect(await data.signInEnded(again)).toMatchObject({ status: "done" });
    expect(await devicesOf(name)).toHaveLength(1);
  });

  it("refuses a token that the server does not know", async () => {
    const signInId = await start();
    const redirect = new URL(data.opened[0]!).searchParams.get("redirectUrl")!;
    await fetch(`${redirect}?loginToken=made-up`);
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "failed", error: { kind: "login_token_refused" } });
    expect(services.sessions.list()).toEqual([]);
  });

  it("signs the same account in again with its own device", async () => {
    const name = newName();
    const accountId = await signIn(name);
    const [device] = await devicesOf(name);
    await servers.synapse.expireTokens();
    await waitUntil(() => services.sessions.account(accountId).session.status === "softLoggedOut", {
      what: "the account to be signed out",
      timeoutMs: 60_000,
    });
    const again = await start(accountId);
    const page = await servers.browser.open(data.opened.at(-1)!);
    await page.waitForURL(/\/done$/);
    expect(await data.signInEnded(again)).toMatchObject({ status: "done", accountId });
    expect(services.sessions.account(accountId).session.status).toBe("running");
    expect(await devicesOf(name)).toEqual([device]);
  }, 180_000);

  it("touches nothing when somebody else comes back, and signs that session out", async () => {
    const name = newName();
    const other = newName();
    const accountId = await signIn(name);
    const before = await secretsOf(accountId);
    await servers.browser.forgetCookies();
    const again = await start(accountId);
    await goThrough(other);
    expect(await data.signInEnded(again)).toMatchObject({
      status: "failed",
      error: { kind: "different_user", got: `@${other}:${servers.synapse.serverName}` },
    });
    expect(await secretsOf(accountId)).toEqual(before);
    expect(await devicesOf(other)).toEqual([]);
    expect(services.sessions.account(accountId).session.status).toBe("running");
  });
});
