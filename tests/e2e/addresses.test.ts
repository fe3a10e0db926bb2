import { afterAll, beforeAll, expect, it } from "vitest";
import type { TestUser } from "../support/synapse.ts";
import { openWorld, type World } from "./support/world.ts";

const EMAIL = "erin@mail.example";

let world: World;
let erin: TestUser;

beforeAll(async () => {
  world = await openWorld();
  const { person, synapse } = world;
  erin = await synapse.register({ user: "erin", password: "erin has two of them" });
  await synapse.call({
    method: "PUT",
    path: `/_synapse/admin/v2/users/${encodeURIComponent(erin.userId)}`,
    token: await synapse.adminToken(),
    body: {
      threepids: [
        { medium: "email", address: EMAIL },
        { medium: "msisdn", address: "447700900123" },
      ],
    },
  });
  await person.hasAccount(synapse.baseUrl, erin);
  await person.allAre("running");
}, 120_000);
afterAll(() => world?.close());

it("takes the last email off the account, after saying what goes with it", async () => {
  const { person, synapse } = world;
  await person.openAccount("erin");
  await person.page.getByRole("navigation", { name: /^Pages of/ }).getByRole("button", { name: "Deactivate" }).click();
  await person.press("Remove…");
  await person.isAt("Password & recovery");
  await person.sees("+447700900123");
  await person.looks("addresses");
  await person.press(`Remove ${EMAIL}`);
  await person.isAsked(`Remove ${EMAIL}?`);
  await person.sees(/It’s the last email address of this account/);
  await person.looks("addresses-remove");
  await person.press("Remove");
  await person.sees(/This account has no email address/);
  const left = await synapse.call({
    path: "/_matrix/client/v3/account/3pid",
    token: (await synapse.login(erin.user, erin.password)).accessToken,
  });
  expect(left).toMatchObject({ threepids: [{ medium: "msisdn" }] });
  await person.openAccount("erin", "Overview");
  await person.press("Email addresses");
  await person.isAt("Password & recovery");
}, 60_000);
