import { afterAll, beforeAll, it } from "vitest";
import { waitUntil } from "../support/waitUntil.ts";
import { openWorld, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(() => world?.close());

it("leads from the check-list to the end of the account, and says what has happened", async () => {
  const { person, synapse } = world;
  const user = await synapse.register({ user: "grace", password: "seven quiet herons" });
  await person.hasAccount(synapse.baseUrl, user);
  await person.allAre("running");
  await person.openAccount("grace");
  await person.page
    .getByRole("navigation", { name: /^Pages of/ })
    .getByRole("button", { name: "Deactivate" })
    .click();
  await person.sees("There’s no room that only you can manage.");
  await person.sees("This session has no room keys, so there’s nothing to export.");
  // Without an address or a backup, neither is said to go.
  await person.sees("You leave all rooms and direct chats.");
  await person.seesNoMore(/identity server/);
  await person.seesNoMore(/on the server goes too|Secure Backup on the server, it goes/);
  await person.looks("deactivate");
  await person.press("Deactivate for good");
  await person.sees(`Type exactly ${user.userId}.`);
  await person.page.getByText("Hide my messages from people who join later").click();
  await person.type(`Type ${user.userId} to confirm`, user.userId);
  await person.press("Deactivate for good");
  await person.isAsked("Confirm it’s you");
  await person.looks("deactivate-confirm");
  await person.type("Account password", user.password);
  await person.press("Confirm");
  await person.sees(`${user.userId} is deactivated.`);
  await person.looks("deactivate-done");
  // It is told first and removed second.
  await waitUntil(async () => (await person.accounts()).length === 0, { what: "the account to be gone here" });
  await person.press("Dismiss");
  await person.seesNoMore(`${user.userId} is deactivated.`);
}, 120_000);
