import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { browserSignInChanged, useBrowserSignIns } from "../../../renderer/stores/browserSignIns.ts";
import { deviceLinkChanged, loadDeviceLinks, useDeviceLinks } from "../../../renderer/stores/deviceLinks.ts";
import { findPerson, findPersonOn, typePerson, useOffboarding } from "../../../renderer/stores/offboarding.ts";
import { recoveryChanged, useRecoveries } from "../../../renderer/stores/recoveries.ts";
import { registrationChanged, useRegistrations } from "../../../renderer/stores/registrations.ts";
import { searchServers, useServerSearch } from "../../../renderer/stores/serverSearch.ts";
import { forgetAccount } from "../../../renderer/stores/subscribe.ts";
import type { BrowserSignIn } from "../../../shared/contract/signIn.ts";
import type { DeviceLink } from "../../../shared/contract/linkDevice.ts";
import type { Recovery } from "../../../shared/contract/recovery.ts";
import type { Registration } from "../../../shared/contract/registration.ts";
import type { AccountId } from "../../../shared/ids.ts";

let answers: ((value: unknown) => void)[];
beforeEach(() => {
  answers = [];
  const request = () => new Promise((resolve) => answers.push((value) => resolve({ ok: true, value })));
  vi.stubGlobal("window", { steward: { request } });
});
afterEach(() => vi.unstubAllGlobals());

const found = { found: [{ user: { userId: "@jane:gone" }, by: ["user_name"] }], more: false };
const page = { rows: [{ userId: "@jane:gone" }], next: null, total: null, sorted: true };

it("ends the searches of an account that is removed, and keeps nothing of what they still find", async () => {
  const [gone, stays] = ["aaaaaaaaaaaaaa01", "bbbbbbbbbbbbbb01"] as AccountId[] as [AccountId, AccountId];
  typePerson("jane");
  const searches = [findPerson([gone, stays]), searchServers([gone, stays], "jane")];
  forgetAccount(gone);
  for (const [at, answer] of answers.entries()) answer(at < 2 ? found : page);
  await Promise.all(searches);
  await findPersonOn(gone);
  expect(answers).toHaveLength(4);
  expect(Object.keys(useOffboarding.getState().found)).toEqual([stays]);
  expect(Object.keys(useServerSearch.getState().found)).toEqual([stays]);
});

it("forgets what was under way for an account that is removed, and what is told of it late", async () => {
  const [gone, stays] = ["aaaaaaaaaaaaaa02", "bbbbbbbbbbbbbb02"] as AccountId[] as [AccountId, AccountId];
  for (const accountId of [gone, stays]) {
    deviceLinkChanged({ linkId: accountId, accountId } as unknown as DeviceLink);
    recoveryChanged({ recoveryId: accountId, accountId } as unknown as Recovery);
    registrationChanged({ registrationId: accountId, accountId, status: "done" } as unknown as Registration);
    browserSignInChanged({ signInId: accountId, accountId, status: "waiting" } as unknown as BrowserSignIn);
  }
  const loading = loadDeviceLinks();
  forgetAccount(gone);
  answers[0]?.({ links: [{ linkId: gone, accountId: gone }] });
  await loading;
  const whose = [useDeviceLinks, useRecoveries, useBrowserSignIns].map((use) => use.getState().open.map(({ accountId }) => accountId));
  expect(whose).toEqual([[stays], [stays], [stays]]);
  expect(useRegistrations.getState().open).toMatchObject([{ accountId: stays }]);
});
