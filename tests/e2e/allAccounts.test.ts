import { afterAll, beforeAll, expect, test } from "vitest";
import { startSdkSession } from "../support/sdkSession.ts";
import { startSynapse, type Synapse, type TestUser } from "../support/synapse.ts";
import { openWorld, type World } from "./support/world.ts";

// The picture in the README is made here: accounts as somebody might have them, on three homeservers.

let world: World;
let office: Synapse;
let old: Synapse;

beforeAll(async () => {
  world = await openWorld();
  [office, old] = await Promise.all([startSynapse({ serverName: "office.example" }), startSynapse({ serverName: "old.example" })]);
});
afterAll(async () => {
  await Promise.all([office, old].map((synapse) => synapse.stop()));
  await world.close();
});

/** Lets another client set up a Secure Backup, then opens it here. */
async function withSecureBackup({ baseUrl }: Synapse, user: TestUser): Promise<void> {
  const { person } = world;
  const phone = await startSdkSession({ baseUrl, ...user, deviceName: "Phone" });
  const keyOrPhrase = await phone.setUpSecureBackup();
  phone.stop();
  await person.hasAccount(baseUrl, user);
  const account = (await person.accounts()).find(({ userId }) => userId === user.userId);
  const opened = await person.app.request("secureBackup.unlock", { accountId: account?.accountId, keyOrPhrase });
  expect(opened).toMatchObject({ ok: true, value: { diagnosis: "working" } });
}

test("all accounts stand on one page with their health, and what each needs is one press away", async () => {
  const { person, synapse } = world;
  const alice = await synapse.register({ user: "alice", password: "alice likes lists", displayName: "Alice" });
  const work = await office.register({ user: "alice", password: "alice at work", displayName: "Alice at work" });
  const ops = await office.register({ user: "ops", password: "ops never sleeps", displayName: "ops" });
  const gone = await old.register({ user: "alice", password: "alice long ago", displayName: "old account" });
  await synapse.setEmail(alice, "alice@mail.example");
  await office.setEmail(ops, "ops@office.example");
  await withSecureBackup(synapse, alice);
  await person.hasAccount(office.baseUrl, work);
  await withSecureBackup(office, ops);
  await office.addSessions(ops, 11);
  await person.hasAccount(old.baseUrl, gone);
  await person.allAre("running");
  await old.expireTokens();
  for (const { accountId, session } of await person.accounts()) {
    if (session.status === "running") await person.app.request("accounts.refreshHealth", { accountId });
  }
  const rows = person.page.getByRole("table", { name: "Health of all accounts" }).locator("tbody tr");
  const cells = async (): Promise<string[][]> => Promise.all((await rows.all()).map((row) => row.locator("th, td").allInnerTexts()));
  await expect
    .poll(async () => (await cells()).map(([, ...health]) => health), { timeout: 30_000 })
    .toEqual([
      ["Verified", "Checked today", "a…e@mail.example", "1", ""],
      ["Not verified yet", "Not set up", "No email", "None", "Set up Secure Backup"],
      ["Verified", "Checked today", "o…s@office.example", "12, 11 unverified", expect.any(String)],
      ["Signed out", expect.any(String), expect.any(String), expect.any(String), "Sign in again"],
    ]);
  await person.resizeTo(1240, 780);
  await person.looks("all-accounts");
  await person.press("Set up Secure Backup for Alice at work");
  await person.isAt("Set up Secure Backup");
  await person.openAllAccounts();
  await person.press("Sign in again for old account");
  await person.isAt("old account");
  await person.looks("overview-signed-out");
});

test("the order is the person’s own, and is kept", async () => {
  const { person } = world;
  // The tip of an account's button is its name above its Matrix ID.
  const namesIn = (buttons: (HTMLElement | SVGElement)[]) => buttons.map((button) => (button as HTMLElement).title.split("\n")[0]);
  const names = () => person.column.locator("ul").first().getByRole("button").evaluateAll(namesIn);
  await person.inColumn("@ops:office.example").focus();
  await person.page.keyboard.press("Alt+ArrowUp");
  await expect.poll(async () => (await names())[1]).toBe("ops");
  await person.app.quit();
  await person.app.start();
  await expect.poll(names).toEqual(["Alice", "ops", "Alice at work", "old account"]);
});
