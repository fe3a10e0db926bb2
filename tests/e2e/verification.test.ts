import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readQrPicture } from "../support/readQr.ts";
import { type SdkSession, startSdkSession } from "../support/sdkSession.ts";
import type { TestUser } from "../support/synapse.ts";
import { agree, VerificationPartner } from "../support/verificationPartner.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

let world: World;
let alice: TestUser;
let phone: VerificationPartner;
const secrets: Record<string, string> = {};
const sessions: SdkSession[] = [];

/** One more real client of Alice's. */
async function client(deviceName: string): Promise<VerificationPartner> {
  const session = await startSdkSession({ baseUrl: world.synapse.baseUrl, ...alice, deviceName });
  sessions.push(session);
  return new VerificationPartner(session);
}

async function ourDeviceId(): Promise<string> {
  return (await world.person.accounts())[0]?.deviceId ?? "";
}

beforeAll(async () => {
  world = await openWorld();
  alice = await world.synapse.register({ user: "alice", password: "alice likes lists", displayName: "Alice" });
  phone = await client("Phone");
  secrets["password of alice"] = alice.password;
  secrets["Security Key of alice"] = await phone.session.setUpSecureBackup();
});
afterAll(async () => {
  for (const session of sessions) session.stop();
  await world.close();
});
afterEach(() => expect(world.person.app.pageErrors).toEqual([]));

describe("a person who signs in to an account that has an identity", () => {
  test("is shown the ways that work, and what putting it off means", async () => {
    const { person, synapse } = world;
    await person.signIn(synapse.baseUrl, alice);
    await person.isAt("Verify this session");
    await person.sees("Verified: Phone.");
    await person.button("Unlock").waitFor();
    await person.looks("verify-choices");
    await person.press("Later");
    await person.sees("it cannot read your older encrypted messages");
    await person.looks("verify-later");
    await person.press("Go back");
    await person.isAt("Verify this session");
  });

  test("compares emoji with the other session, and reads what was checked", async () => {
    const { person } = world;
    await person.press("Ask another session");
    await person.sees("accept the request there.");
    await person.looks("verification-requested");
    const theirs = await phone.incoming();
    await theirs.accept();
    await person.sees("Scan this code with “Phone”.");
    await person.looks("verification-ready");
    await person.press("Compare emoji");
    const callbacks = await phone.sas(theirs);
    await person.sees("Does “Phone” show the same emoji, in the same order?");
    const list = person.page.getByRole("list", { name: "Emoji to compare" });
    const names = await list.locator("li > span:last-child").allInnerTexts();
    expect(names).toEqual(callbacks.sas.emoji?.map(([, name]) => name));
    await person.sees(callbacks.sas.decimal?.join(" ") ?? "");
    await person.looks("verification-emoji");
    await person.press("They match");
    await person.sees("Waiting for “Phone” to continue…");
    await callbacks.confirm();
    await person.sees("This session is verified and ready.");
    await person.looks("verification-done");
    await person.press("Done");
    await person.isAt("Secure Backup");
    await person.sees("Secure Backup works.");
  });
});

describe("a session that asks", () => {
  test("is seen over any page, and still after the window was loaded again", async () => {
    const { person } = world;
    const tablet = await client("Tablet");
    await person.openAllAccounts();
    const theirs = await tablet.ask(await ourDeviceId());
    await person.sees("“Tablet” of Alice (@alice:example.org) wants to be verified.");
    await person.looks("verification-incoming");
    await person.page.reload();
    await person.press("Accept");
    await person.sees("Scan this code with “Tablet”.");
    await tablet.reaches(theirs, "ready");
    const code = person.page.getByRole("img", { name: "QR code to scan with the other session" });
    agree(await theirs.scanQRCode(await readQrPicture(person.page, await code.screenshot())));
    await person.sees("“Tablet” has scanned the code. Does it say that this worked?");
    await person.looks("verification-scanned");
    await person.press("Yes, it does");
    await person.sees("“Tablet” is verified.");
    expect(await tablet.session.isVerified()).toBe(true);
    await person.press("Done");
  });

  test("can be declined, and one that shows other emoji is refused", async () => {
    const { person } = world;
    const laptop = await client("Laptop");
    // A dialog that is open does not keep it waiting.
    await person.page.keyboard.press("Control+K");
    await person.page.getByRole("dialog").waitFor();
    const first = await laptop.ask(await ourDeviceId());
    await person.sees("“Laptop” of Alice");
    await person.looks("verification-over-dialog");
    await person.press("Decline");
    await laptop.reaches(first, "cancelled");
    await person.seesNoMore("Verification request");
    await person.page.getByRole("dialog").waitFor();
    await person.page.keyboard.press("Escape");
    const second = await laptop.ask(await ourDeviceId());
    await person.press("Accept");
    await laptop.reaches(second, "ready");
    agree(await second.startVerification("m.sas.v1"));
    await laptop.sas(second);
    await person.press("They do not match");
    await person.sees("The two sessions did not show the same.");
    await person.looks("verification-mismatch");
    await laptop.reaches(second, "cancelled");
    expect(await laptop.session.isVerified()).toBe(false);
    await person.press("Close");
    await person.seesNoMore("The two sessions did not show the same.");
  });

  test("has left no secret behind", async () => {
    await expectNoLeaks(world, secrets);
  });
});
