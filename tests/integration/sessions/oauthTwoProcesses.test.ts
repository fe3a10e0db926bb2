import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runScript } from "../../support/childProcess.ts";
import { NOT_ACTIVE, OauthAccount, TOKEN, WHOAMI } from "../../support/authService/oauthAccount.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const SECOND = fileURLToPath(new URL("../../support/secondProcess.ts", import.meta.url));

const servers = useAuthService({ browser: false });
let one: OauthAccount;
let wall: number;
let monotonic: number;
/** How often Steward has begun to ask for tokens. */
let asking = 0;
const counting: typeof fetch = (input, init) => {
  if (new Request(input).url.endsWith("/oauth2/token")) asking += 1;
  return fetch(input, init);
};
const HOUR = 3_600_000;
/** Clocks that go on by themselves, and can be set. */
const keeperTimes = {
  now: () => Date.now() + wall,
  elapsed: () => performance.now() + monotonic,
  firstPauseMs: 50,
  longestPauseMs: 200,
  refusedPauseMs: 50,
};

beforeEach(async () => {
  wall = monotonic = 0;
  one = await OauthAccount.signIn(servers, { keeperTimes, fetch: counting });
});
afterEach(async () => {
  servers.proxy.clear();
  servers.auth.faults.clear();
  await one.data.destroy();
});

const refreshes = (): number => servers.auth.faults.requests(TOKEN).length;
const refuse = (times = 1) => servers.proxy.addRule({ ...WHOAMI, fault: NOT_ACTIVE, times });

describe("a data folder that two processes use", () => {
  it("has its refresh token touched by the first alone", async () => {
    const before = await one.secrets();
    const keychainFile = join(one.data.folder, "keychain.json");
    await writeFile(keychainFile, JSON.stringify([...one.data.keychain.entries]));
    // As after a night: a process that could would refresh.
    await one.expireToken();
    const second = runScript(SECOND, [one.data.folder, keychainFile]);
    try {
      expect(await second.line("started", 60_000)).toBe("started failed store_in_use");
      expect(refreshes()).toBe(0);
    } finally {
      await second.kill();
    }
    refuse();
    expect(await one.ask()).toBe(one.userId);
    expect(refreshes()).toBe(1);
    expect((await one.secrets()).refreshToken).not.toEqual(before.refreshToken);
  }, 120_000);

  it("that was copied says so by its end in the first, where the copy has refreshed; the first signs in again with its device", async () => {
    const { deviceId } = one.services.sessions.session(one.accountId).details;
    await one.expireToken();
    const copy = await temporaryFolder("copy");
    await cp(one.data.folder, copy.path, { recursive: true });
    const keychainFile = join(copy.path, "keychain.json");
    await writeFile(keychainFile, JSON.stringify([...one.data.keychain.entries]));
    const second = runScript(SECOND, [copy.path, keychainFile]);
    try {
      expect(await second.line("started", 60_000)).toBe("started running well");
      expect(refreshes()).toBe(1);
    } finally {
      await second.kill();
      await copy.remove();
    }
    const before = await one.secrets();
    refuse(Infinity);
    await one.ask().catch(() => undefined);
    await waitUntil(() => one.problem()?.kind === "unauthenticated", {
      what: "the account to say that it is signed out",
      timeoutMs: 60_000,
    });
    expect(await one.secrets()).toEqual(before);
    servers.proxy.clear();
    await one.signInAgain();
    expect(one.services.sessions.session(one.accountId).details.deviceId).toBe(deviceId);
    expect(await one.ask()).toBe(one.userId);
  }, 120_000);

  it("that was copied costs the first nothing where it refreshes after the copy, before that has used its tokens", async () => {
    const { refreshToken } = await one.secrets();
    const [session] = servers.auth.sessionsOf(one.user.localpart);
    const form = { grant_type: "refresh_token", refresh_token: refreshToken!.reveal(), client_id: session!.clientId };
    expect((await fetch(`${servers.auth.issuer}/oauth2/token`, { method: "POST", body: new URLSearchParams(form) })).status).toBe(200);
    refuse();
    expect(await one.ask()).toBe(one.userId);
    expect(one.status()).toBe("running");
  }, 120_000);
});

describe("a clock that jumps", () => {
  it.each<[string, () => void]>([
    ["an hour forward", () => void (wall += HOUR)],
    ["a year forward", () => void (wall += 365 * 24 * HOUR)],
    ["an hour back, while time goes on", () => void ((wall -= HOUR), (monotonic += HOUR))],
    ["forward by a night's sleep, in which the other stands still", () => void (wall += 8 * HOUR)],
  ])(
    "%s costs one refresh for all who ask, and no more",
    async (_what, jump) => {
      jump();
      expect(await Promise.all(Array.from({ length: 20 }, () => one.ask()))).toEqual(Array.from({ length: 20 }, () => one.userId));
      expect(refreshes()).toBe(1);
      for (let times = 0; times < 5; times++) expect(await one.ask()).toBe(one.userId);
      expect(refreshes()).toBe(1);
      expect(one.status()).toBe("running");
    },
    120_000,
  );

  it("back by a day costs nothing, and neither does a start before the clock is set right", async () => {
    wall -= 24 * HOUR;
    expect(await one.ask()).toBe(one.userId);
    await one.data.close();
    await one.open();
    await one.services.sessions.restoreAll();
    expect(await one.ask()).toBe(one.userId);
    expect(refreshes()).toBe(0);
    // The server counts by its own: the token's time is up there while ours says that a day is left.
    refuse();
    expect(await one.ask()).toBe(one.userId);
    expect(refreshes()).toBe(1);
  }, 120_000);

  it("in a sleep has the tokens replaced on wake, before anything asks for them", async () => {
    wall += 8 * HOUR;
    const asked = asking;
    one.services.woke();
    // As soon as that: whatever else asks for a token would do so later.
    await new Promise((resolve) => setImmediate(resolve));
    expect(asking).toBe(asked + 1);
    expect(await one.ask()).toBe(one.userId);
    expect(refreshes()).toBe(1);
  }, 120_000);
});
