import { afterAll, beforeAll, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { FormClient } from "../../support/authService/formClient.ts";
import { signInWithOtherClient } from "../../support/authService/otherClient.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useAuthService();
const user = { localpart: "managed", password: "a password" };
let data: StewardData;
let services: Services;
let accountId: AccountId;

beforeAll(async () => {
  await servers.auth.addUser(user);
  data = await StewardData.create();
  services = await data.open({ managementTimes: { pollMs: 100 } });
  const request = {
    serverName: null,
    baseUrl: servers.proxy.baseUrl,
    localpart: null,
    accountId: null,
    create: false,
    acceptInsecureHttp: false,
  };
  await services.browserSignIns.startOauth(request);
  await fetch((await new FormClient().signIn(data.opened.at(-1)!, user)).url);
  const running = (): AccountId | undefined => services.sessions.list().find(({ session }) => session.status === "running")?.accountId;
  accountId = await waitUntil(running, { what: "the account to run", timeoutMs: 60_000 });
}, 120_000);
afterAll(() => data?.destroy());

const devices = async (): Promise<string[]> => (await services.devices.list({ accountId })).sessions.map(({ deviceId }) => deviceId);

it("is left to the authorization server, as are passwords", async () => {
  const pageHost = new URL(servers.auth.issuer).host;
  expect(await services.accountManagement.state({ accountId })).toEqual({ delegated: true, pageHost, canMove: false });
  expect(await services.password.state({ accountId })).toMatchObject({ change: "elsewhere" });
});

it("opens the page of another session, and notices when that has been signed out there", async () => {
  const { deviceId } = await signInWithOtherClient(servers.auth, user, "Another client");
  expect(await devices()).toContain(deviceId);
  await services.accountManagement.open({ accountId, action: "device_delete", deviceId });
  const url = new URL(data.opened.at(-1)!);
  expect(Object.fromEntries(url.searchParams)).toEqual({ action: "org.matrix.device_delete", device_id: deviceId });
  const told = (): number => data.events.filter(({ channel }) => channel === "devices.changed").length;
  const before = told();
  const page = new FormClient();
  await page.open(url.href);
  expect((await page.submit({ username: user.localpart, password: user.password })).html).toContain("Remove device");
  await page.submit({ action: "remove" });
  await waitUntil(() => told() > before, { what: "Steward to notice", timeoutMs: 60_000 });
  expect(await devices()).not.toContain(deviceId);
});

it("opens no action that the page does not list", async () => {
  servers.auth.settings.accountActions = ["org.matrix.profile"];
  await services.accountManagement.open({ accountId, action: "deactivate", deviceId: null });
  expect(data.opened.at(-1)).toBe(`${servers.auth.issuer}/account/`);
});

it("goes on knowing the page while the homeserver cannot say", async () => {
  servers.proxy.addRule({ path: /auth_metadata/, fault: { kind: "answer", status: 500, body: { errcode: "M_UNKNOWN" } }, times: Infinity });
  await services.accountManagement.open({ accountId, action: "profile", deviceId: null });
  expect(data.opened.at(-1)).toContain("/account/");
});
