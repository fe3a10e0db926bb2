import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type SdkSession, startSdkSession } from "../support/sdkSession.ts";
import { sample } from "../support/seed.ts";
import type { TestUser } from "../support/synapse.ts";
import { VerificationPartner } from "../support/verificationPartner.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

/** So many sessions that only uploaded no keys, beside the ones that matter. */
const FORGOTTEN = sample(60, 500);

let world: World;
let alice: TestUser;
let phone: SdkSession;
let tablet: SdkSession;
let securityKey: string;

beforeAll(async () => {
  world = await openWorld();
  const { person, synapse } = world;
  alice = await synapse.register({ user: "alice", password: "alice likes lists", displayName: "Alice" });
  const session = { baseUrl: synapse.baseUrl, ...alice };
  phone = await startSdkSession({ ...session, deviceName: "Phone" });
  securityKey = await phone.setUpSecureBackup();
  tablet = await startSdkSession({ ...session, deviceName: "Tablet" });
  await synapse.addSessions(alice, FORGOTTEN);
  await person.signIn(synapse.baseUrl, alice);
  await person.type("Security Key", securityKey);
  await person.press("Unlock");
  await person.sees("Secure Backup works.");
}, 240_000);
afterAll(async () => {
  phone.stop();
  tablet.stop();
  await world.close();
});
afterEach(() => expect(world.person.app.pageErrors).toEqual([]));

/** What the rows say. Not as it is rendered: rows out of sight are not, until the next frame has found them in sight. */
const rowTexts = () => rows().allTextContents();
const places = () => rows().evaluateAll((all) => all.map((row) => `${row.ariaPosInSet}/${row.ariaSetSize}`));
const rows = () => world.person.page.getByRole("list", { name: "Other sessions" }).getByRole("listitem");

describe("the sessions of an account", () => {
  test("are shown with this one first, filtered and searched", async () => {
    const { person } = world;
    await person.openAccount("Alice", "Sessions");
    await person.isAt("Sessions");
    await person.sees(`${FORGOTTEN + 3} places where Alice is signed in. ${FORGOTTEN + 1} are not verified.`);
    await person.looks("sessions");
    await person.resizeTo(720, 520);
    await rows().first().scrollIntoViewIfNeeded();
    await person.looks("sessions-narrow");
    await person.resizeTo(1180, 800);
    // Those near the window are drawn, and each says where it stands among all of them.
    expect(await rows().count()).toBeLessThan(50);
    expect(await places()).toEqual(Array.from({ length: await rows().count() }, (_, index) => `${index + 1}/${FORGOTTEN + 2}`));
    await person.page.getByRole("checkbox", { name: "Choose Tablet" }).check();
    const last = person.page.getByRole("checkbox", { name: `Choose Session ${FORGOTTEN}`, exact: true });
    await person.page.locator("main").evaluate((main) => main.scrollTo(0, main.scrollHeight));
    await last.waitFor();
    expect((await places()).at(-1)).toBe(`${FORGOTTEN + 2}/${FORGOTTEN + 2}`);
    await person.looks("sessions-end");
    // From there back by keyboard alone: rows come as the focus reaches them.
    await last.focus();
    const shiftTabs = 2 * (FORGOTTEN + 2);
    const first = person.page.locator("[aria-posinset='1']");
    for (let pressed = 0; pressed < shiftTabs && (await first.locator(":focus").count()) === 0; pressed += 1) {
      await person.page.keyboard.press("Shift+Tab");
    }
    expect(await first.locator(":focus").count()).toBe(1);
    // What was chosen stayed so while its row wasn't drawn.
    const box = person.page.getByRole("checkbox", { name: "Choose Tablet" });
    expect(await box.isChecked()).toBe(true);
    await box.uncheck();
    await person.press("Verified 2");
    await person.page.getByRole("list", { name: "Other sessions" }).getByText("Phone").waitFor();
    expect(await rowTexts()).toEqual([expect.stringContaining("Phone")]);
    await person.press(`Unverified ${FORGOTTEN + 1}`);
    await person.page.getByRole("searchbox", { name: "Find a session" }).fill("tablet");
    expect(await rowTexts()).toEqual([expect.stringContaining("Tablet")]);
    await person.page.getByRole("searchbox", { name: "Find a session" }).fill("no such thing");
    await person.sees("No matching sessions");
    await person.looks("sessions-none-found");
    await person.page.getByRole("searchbox", { name: "Find a session" }).fill("");
    await person.press(`All ${FORGOTTEN + 3}`);
  });

  test("can be renamed", async () => {
    const { person } = world;
    await person.press("More for Tablet");
    await person.page.getByRole("menuitem", { name: "Rename…" }).click();
    await person.isAsked("Rename this session");
    await person.looks("session-rename");
    await person.type("Session name", "Kitchen tablet");
    await person.press("Rename");
    await person.sees("Kitchen tablet");
  });

  test("can be verified from the list", async () => {
    const { person } = world;
    const partner = new VerificationPartner(tablet);
    await person.press("More for Kitchen tablet");
    await person.page.getByRole("menuitem", { name: "Verify…" }).click();
    const theirs = await partner.incoming();
    await theirs.accept();
    await person.press("Compare emoji");
    const callbacks = await partner.sas(theirs);
    await person.press("They match");
    await callbacks.confirm();
    await person.sees("“Kitchen tablet” is verified.");
    await person.press("Done");
    await person.button("Verified 3").waitFor();
  });

  test("are signed out with one question for all of them", async () => {
    const { person } = world;
    await person.page.getByRole("checkbox", { name: "Choose Session 1", exact: true }).check();
    await person.page.getByRole("checkbox", { name: "Choose Session 2", exact: true }).check();
    await person.press("Sign out 2 sessions");
    await person.isAsked("Sign out 2 sessions?");
    await person.looks("sessions-sign-out");
    await person.press("Sign them out");
    await person.isAsked("Confirm it’s you");
    await person.type("Account password", alice.password);
    await person.press("Confirm");
    await person.sees("2 sessions were signed out.");
    await person.button(`All ${FORGOTTEN + 1}`).waitFor();
  });

  test("stay when the question is not answered, and all go when it is", async () => {
    const { person } = world;
    await person.press("Sign out all others");
    await person.press("Sign them out");
    await person.isAsked("Confirm it’s you");
    await person.press("Cancel");
    await person.button(`All ${FORGOTTEN + 1}`).waitFor();
    await person.press("Sign out all others");
    await person.press("Sign them out");
    await person.type("Account password", alice.password);
    await person.press("Confirm");
    await person.sees("Alice is signed in here and nowhere else.");
    await person.looks("sessions-alone");
    await expectNoLeaks(world, { "password of alice": alice.password, "Security Key of alice": securityKey });
  });
});
