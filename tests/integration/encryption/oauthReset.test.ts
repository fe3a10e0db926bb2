import { afterAll, beforeAll, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { Challenge } from "../../../shared/contract/challenges.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { FormClient } from "../../support/authService/formClient.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useAuthService();
const user = { localpart: "resets", password: "a password" };
const pages = new FormClient();
const open: StewardData[] = [];

beforeAll(() => servers.auth.addUser(user));
afterAll(async () => {
  for (const data of open) await data.destroy();
});

/** A Steward of its own in which the user is signed in. */
async function newSteward(): Promise<{ data: StewardData; services: Services; accountId: AccountId }> {
  const data = await StewardData.create();
  open.push(data);
  const services = await data.open();
  const request = {
    serverName: null,
    baseUrl: servers.proxy.baseUrl,
    localpart: null,
    accountId: null,
    create: false,
    acceptInsecureHttp: false,
  };
  await services.browserSignIns.startOauth(request);
  await fetch((await pages.signIn(data.opened.at(-1)!, user)).url);
  const running = (): AccountId | undefined => services.sessions.list().find(({ session }) => session.status === "running")?.accountId;
  return { data, services, accountId: await waitUntil(running, { what: "the account to run", timeoutMs: 60_000 }) };
}

const challengeIn = ({ events }: StewardData): Promise<Extract<Challenge, { status: "asking" }>> =>
  waitUntil(
    () => events.flatMap(({ channel, payload }) => (channel === "challenges.changed" && payload.status === "asking" ? [payload] : []))[0],
    {
      what: "the server to want an approval",
      timeoutMs: 60_000,
    },
  );

it("a set-up needs no approval, a reset one: it goes on by itself after that, and has lost nothing without it", async () => {
  const first = await newSteward();
  const { securityKey } = await first.services.secureBackup.beginSetUp({ accountId: first.accountId, method: "key" });
  const { setUp } = await first.services.secureBackup.confirmSetUp({ accountId: first.accountId, typed: securityKey });
  expect(setUp).toMatchObject({ phase: "checked" });

  const second = await newSteward();
  const { services, accountId, data } = second;
  const begun = await services.secureBackup.beginSetUp({
    accountId,
    kind: "reset",
    method: "key",
    confirmation: user.localpart,
    deleteUnopened: true,
  });
  const cancelled = services.secureBackup.confirmSetUp({ accountId, typed: begun.securityKey });
  const asked = await challengeIn(data);
  expect(asked.stage).toMatchObject({ kind: "browser", url: expect.stringContaining(servers.auth.issuer) });
  services.challenges.cancel({ challengeId: asked.challengeId });
  expect((await cancelled).setUp.phase).not.toBe("checked");
  expect(await first.services.secureBackup.state({ accountId: first.accountId })).toMatchObject({ diagnosis: "working" });

  data.events.length = 0;
  const going = services.secureBackup.continueSetUp({ accountId });
  const { stage } = await challengeIn(data);
  await pages.open((stage as { url: string }).url);
  await pages.submit({ action: "reset" });
  expect((await going).setUp).toMatchObject({ phase: "checked" });
});
