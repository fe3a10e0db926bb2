import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signInWithOtherClient } from "../support/authService/otherClient.ts";
import { QrPhone } from "../support/authService/qrPhone.ts";
import { allowAtAuthService, registerAtAuthService } from "../support/authService/useAuthService.ts";
import { readQrPicture } from "../support/readQr.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { SecureBackupPage } from "./support/secureBackupPage.ts";
import { expectNoLeaks, openWorld } from "./support/world.ts";

const open = () =>
  openWorld({
    with: ["authService", "browser", "proxy"],
    homeserver: { config: { experimental_features: { msc4108_enabled: true } } },
  });
let world: Awaited<ReturnType<typeof open>>;
const nora = { localpart: "nora", password: "a password of nora's" };

beforeAll(async () => {
  world = await open();
  await world.authService.addUser({ ...nora, mayAskForAdmin: true });
  // So short that each page refreshes them.
  world.authService.settings.accessTokenSeconds = 5;
}, 120_000);
afterAll(() => world?.close());

describe("a homeserver that leaves signing in to an authorization server", () => {
  it("is signed in to in the browser, and nothing secret stays behind", async () => {
    const { person, browser, proxy } = world;
    await person.findHomeserver(proxy.baseUrl);
    await person.sees(/signs you in on its own page/);
    expect(await person.page.getByLabel("Password").count()).toBe(0);
    await person.looks("oauth-sign-in");
    await person.press("Continue in the browser");
    await person.sees(/on the page that opened in your browser/);
    await person.looks("oauth-waiting");
    const page = await browser.follow();
    await allowAtAuthService(page, nora);
    await page.waitForURL(/\/done$/);
    await person.isAt(/Secure Backup|Verify this session/);
    expect((await person.accounts()).map(({ userId }) => userId)).toEqual(["@nora:example.org"]);
    await expectNoLeaks(world, { password: nora.password });
  });

  it("leads to the server's page for what only that can do, and notices what was done there", async () => {
    const { person, browser, authService } = world;
    for (const name of ["Fancy client", "Plain client"]) await signInWithOtherClient(authService, nora, name);
    await person.openAccount("nora", "Password & recovery");
    await person.sees(/changes passwords and email addresses on its own page/);
    expect(await person.page.getByLabel("New password").count()).toBe(0);
    await person.looks("oauth-password");
    await person.press("Open account page");
    expect(new URL(await browser.nextOpened()).searchParams.get("action")).toBe("org.matrix.profile");
    await person.openAccount("nora", "Sessions");
    await person.sees(/^Fancy client/);
    await person.press("Sign out all others");
    // One after the other, each as soon as the one before has left the list.
    for (const step of ["1 of 2", "2 of 2"]) {
      await person.sees(new RegExp(step));
      await person.press("Open its page");
      const page = await browser.follow();
      await person.looks(`oauth-sign-out-other-${step[0]}`);
      await page.getByRole("button", { name: "Remove device" }).click();
    }
    await person.seesNoMore(/^(?:Fancy|Plain) client/);
    await person.page
      .getByRole("navigation", { name: /^Pages of/ })
      .getByRole("button", { name: "Deactivate" })
      .click();
    await person.sees(/deletes accounts on its own page/);
    await person.looks("oauth-deactivate");
  });

  it("asks for the admin API when the person wants that, with the same session", async () => {
    const { person, browser, authService } = world;
    authService.settings.adminApi = "on";
    await person.openAccount("nora", "Overview");
    await person.sees("Server administration");
    await person.looks("oauth-admin");
    const before = await person.accounts();
    await person.press("Sign in as an admin");
    await allowAtAuthService(await browser.follow(), nora);
    await person.page
      .getByRole("navigation", { name: /^Pages of/ })
      .getByRole("button", { name: "Users" })
      .click();
    await person.isAt("Users");
    expect((await person.accounts())[0]?.deviceId).toBe(before[0]?.deviceId);
    await waitUntil(() => authService.sessionsOf(nora.localpart).length === 1, { what: "the session before to end", timeoutMs: 60_000 });
  });

  it("lets an admin make a user by the authentication service, who can sign in there, and change who they are", async () => {
    const { person, authService } = world;
    await person.press("New user…");
    await person.isAsked("New user on example.org");
    // Such a service links only users who are there.
    expect(await person.button("Add an external ID").count()).toBe(0);
    await person.type("User name", "tess");
    await person.press("Create user");
    await person.sees("@tess:example.org can sign in now.");
    await person.looks("oauth-new-user");
    const password = await person.page.getByRole("group", { name: "Password" }).innerText();
    await signInWithOtherClient(authService, { localpart: "tess", password }, "Tess’s client");
    await person.press("Open user");
    await person.isAt("tess");
    await person.press("Add an email");
    await person.type("Email address", "tess@example.org");
    await person.press("Add");
    await person.sees("tess@example.org");
    expect(await person.button("Add a phone").count()).toBe(0);
    await person.sees(/^Tess’s client/);
    await person.looks("oauth-user");
    await expectNoLeaks(world, { "the password of a new user": password });
  });

  it("shows an admin what the service alone keeps of a user: whom providers know them as, and sessions without a device", async () => {
    const { person, authService } = world;
    authService.addOtherSession({ kind: "personal", localpart: "tess", name: "Backup script" });
    authService.addOtherSession({ kind: "user", localpart: "tess", name: "Firefox on Linux" });
    await person.press("All users");
    await person.page.getByRole("rowheader").getByRole("button", { name: /tess/ }).click();
    const ends = (name: string) => person.button(`Sign out ${name} at the authentication service`);
    await ends("Firefox on Linux").waitFor();
    await person.press("Sign out Backup script at the authentication service");
    await person.isAsked("Sign out Backup script?");
    await person.looks("oauth-service-session");
    await person.press("Cancel");
    await ends("Backup script").waitFor();
    await person.press("Sign out Backup script at the authentication service");
    await person.press("Sign it out");
    await ends("Backup script").waitFor({ state: "hidden" });
    await ends("Firefox on Linux").waitFor();

    await person.press("Add an external ID");
    await person.type("ID there", "never sent");
    await person.press("Cancel");
    await person.press("Add an external ID");
    expect(await person.page.getByLabel("ID there").inputValue()).toBe("");
    await person.type("ID there", "tess@idp");
    await person.press("Add");
    const remove = person.button("Remove tess@idp");
    await remove.scrollIntoViewIfNeeded();
    await person.resizeTo(800, 700);
    await person.looks("oauth-user-service");
    await remove.click();
    await person.isAsked("Remove tess@idp?");
    await person.press("Remove");
    await remove.waitFor({ state: "hidden" });
  });

  it("says that the session was ended elsewhere, and signs in again in the browser", async () => {
    const { person, browser, authService } = world;
    const [session] = authService.sessionsOf(nora.localpart);
    await authService.endSession(session!);
    await person.openAccount("nora", "Overview");
    const error = async (): Promise<string | undefined> => (await person.accounts())[0]?.session.error?.kind;
    await waitUntil(async () => (await error()) === "unauthenticated", { what: "the account to be signed out", timeoutMs: 120_000 });
    await person.sees(/signed out from elsewhere/);
    await person.button("Continue in the browser").waitFor();
    expect(await person.page.getByLabel(/^Password of/).count()).toBe(0);
    await person.looks("oauth-again");
    await person.press("Continue in the browser");
    const page = await browser.follow();
    await allowAtAuthService(page, nora);
    await page.waitForURL(/\/done$/);
    await person.allAre("running");
    expect(authService.sessionsOf(nora.localpart)).toHaveLength(1);
  }, 180_000);

  it("lets a person create an account on its page", async () => {
    const { person, browser, proxy } = world;
    await browser.forgetCookies();
    await person.column.getByRole("button", { name: "Add account" }).click();
    await person.page.getByText("Create an account", { exact: true }).click();
    await person.type("Homeserver", proxy.baseUrl);
    await person.press("Continue");
    await person.sees(/you create an account on the server’s own page/);
    await person.looks("oauth-create");
    await person.press("Create an account in the browser");
    const page = await browser.follow();
    await registerAtAuthService(page, { localpart: "olga", password: "a password of olga's" });
    await page.waitForURL(/\/done$/);
    await person.isAt(/Secure Backup|Verify this session/);
    expect((await person.accounts()).map(({ userId }) => userId)).toContain("@olga:example.org");
  });

  it("resets an identity once that is approved on its page, and has lost nothing where it never is", async () => {
    const { person, browser } = world;
    const backup = new SecureBackupPage(person);
    await person.openAccount("olga", "Secure Backup");
    await person.press("Continue");
    const oldKey = await backup.shownKey();
    await person.press("I’ve saved it");
    await person.type("Security Key", oldKey);
    await person.press("Check and set up");
    await backup.isChecked();
    await person.press("Done");

    const resetUpToApproval = async (): Promise<string> => {
      await person.press("Reset…");
      await person.type("Type olga to continue", "olga");
      await person.press("Continue");
      await person.press("Continue");
      const securityKey = await backup.shownKey();
      await person.press("I’ve saved it");
      await person.type("Security Key", securityKey);
      await person.press("Check and reset");
      await person.isAsked("Confirm it’s you");
      return securityKey;
    };
    await resetUpToApproval();
    await person.press("Open in the browser");
    await (await browser.follow()).getByRole("heading", { name: "Reset your identity?" }).waitFor();
    await person.looks("oauth-reset-approval");
    await person.press("Cancel");
    await person.sees(/Stopped before anything was replaced/);
    await person.press("Cancel the reset");
    await person.sees("Secure Backup works.");

    const newKey = await resetUpToApproval();
    await person.press("Open in the browser");
    await (await browser.follow()).getByRole("button", { name: "Finish reset" }).click();
    // Without a press: it notices by itself.
    await backup.isChecked();
    await person.press("Done");
    await person.sees("Secure Backup works.");
    await expectNoLeaks(world, { "an old Security Key": oldKey, "a Security Key": newKey });
  }, 180_000);

  it("links a new device by a QR code, which is verified at once", async () => {
    const { person, browser, proxy, authService } = world;
    authService.settings.deviceIntervalSeconds = 1;
    authService.settings.accessTokenSeconds = 300;
    await person.openAccount("olga", "Sessions");
    await person.press("Link a new device");
    const code = person.page.getByRole("img", { name: "QR code to link a new device" });
    await code.waitFor();
    await person.looks("link-device-qr");
    const phone = await QrPhone.scan(await readQrPicture(person.page, await code.screenshot()), proxy.baseUrl);
    await person.type("Digits on the new device", phone.digits);
    await person.looks("link-device-digits");
    await person.press("Continue");
    await phone.askForSession();
    const page = await browser.follow();
    await person.looks("link-device-approve");
    const olga = { localpart: "olga", userId: "@olga:example.org", password: "a password of olga's" };
    const signingIn = phone.signIn(olga);
    await page.getByPlaceholder("Enter code").fill(phone.userCode);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("This is my device").check();
    await page.getByRole("button", { name: "Continue" }).click();
    await allowAtAuthService(page, olga);
    const session = await signingIn;
    await person.sees("The new device is signed in and has your keys. It verifies itself in a moment.");
    await person.looks("link-device-done");
    expect(await session.isVerified()).toBe(true);
    session.stop();
    await person.press("Close");
    await person.sees(/^Phone on/);
  }, 180_000);

  it("has an account that was signed in with a password go over to its page, with the same session", async () => {
    const { person, browser, proxy, authService } = world;
    const rosa = { localpart: "rosa", password: "a password of rosa's" };
    await authService.addUser(rosa);
    await browser.forgetCookies();
    proxy.elsewhere = authService.compatibility;
    // Some servers tell of no addresses.
    const kept = proxy.addRule({
      path: /account\/3pid/,
      fault: { kind: "answer", status: 404, body: { errcode: "M_UNRECOGNIZED" } },
      times: Infinity,
    });
    // The password is taken here, too, and comes second.
    await person.findHomeserver(proxy.baseUrl);
    const inBrowser = person.button("Continue in the browser");
    const password = await person.page.getByLabel("Password", { exact: true }).elementHandle();
    const comesAfter = (first: Element, second: unknown): boolean =>
      (first.compareDocumentPosition(second as Node) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
    expect(await inBrowser.evaluate(comesAfter, password)).toBe(true);
    await person.looks("oauth-and-password");
    await person.hasAccount(proxy.baseUrl, { user: "rosa", userId: "@rosa:example.org", password: rosa.password });
    const own = async () => (await person.accounts()).find(({ userId }) => userId === "@rosa:example.org");
    const deviceId = (await own())?.deviceId;
    await person.openAccount("rosa", "Password & recovery");
    await person.sees(/was signed in here in the older way/);
    await person.openAccount("rosa", "Overview");
    await person.sees(/was signed in here in the older way/);
    await person.sees("example.org shows it on its own page only.");
    await person.looks("oauth-move");
    kept.remove();
    await person.press("Sign in through the browser from now on");
    const page = await browser.follow();
    await person.looks("oauth-move-waiting");
    await allowAtAuthService(page, rosa);
    await page.waitForURL(/\/done$/);
    await person.seesNoMore(/was signed in here in the older way/);
    await person.allAre("running");
    expect((await own())?.deviceId).toBe(deviceId);
    const kinds = (): string =>
      authService
        .sessionsOf("rosa")
        .map(({ kind }) => kind)
        .join();
    await waitUntil(() => kinds() === "oauth2", { what: "the session of the password to end", timeoutMs: 60_000 });
    proxy.elsewhere = null;
    await expectNoLeaks(world, { password: rosa.password });
  }, 120_000);

  it("keeps its tokens to the first of two starts, and has them replaced when the computer wakes", async () => {
    const { person, authService } = world;
    authService.settings.accessTokenSeconds = 300;
    const pair = () => authService.sessionsOf("rosa")[0]!.current;
    const before = pair().refreshToken;
    await person.app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.hide());
    await person.app.startTwice();
    const shown = () =>
      person.app.electron.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()
          .map((window) => window.isVisible())
          .join(),
      );
    await waitUntil(async () => (await shown()) === "true", { what: "the first window to come forward", timeoutMs: 30_000 });
    expect(pair().refreshToken).toBe(before);
    // A night has passed for whoever looks at the clock now, and for nobody else: it is the waking that has the tokens replaced.
    await person.app.electron.evaluate(({ powerMonitor }) => {
      const { now } = Date;
      Date.now = () => now() + 8 * 3_600_000;
      powerMonitor.emit("resume");
      Date.now = now;
    });
    await waitUntil(() => pair().refreshToken !== before, { what: "the tokens to be replaced", timeoutMs: 30_000 });
    await person.allAre("running");
    expect((await person.app.request("accounts.list", {})).ok).toBe(true);
  }, 120_000);

  it("says that the person has cancelled on the page, and shows why a registration is refused", async () => {
    const { person, browser, proxy, authService } = world;
    await browser.forgetCookies();
    await person.findHomeserver(proxy.baseUrl);
    await person.page.clock.install();
    await person.press("Continue in the browser");
    const page = await browser.follow();
    await person.page.clock.fastForward("01:01");
    await person.sees(/^Nothing yet\? If the page shows an error/);
    await person.looks("oauth-slow");
    await page.getByLabel("Username").fill(nora.localpart);
    await page.getByLabel("Password").fill(nora.password);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.waitForURL(/\/done$/);
    await person.sees(/the sign-in was cancelled/);
    const body = { error: "invalid_client_metadata", error_description: "the policy wants a logo" };
    authService.faults.addRule({ path: /registration/, fault: { kind: "answer", status: 400, body } });
    await person.press("Continue in the browser");
    await person.sees(/the policy wants a logo/);
    await person.looks("oauth-refused");
  });

  it("is signed in to with a code, in whichever browser", async () => {
    const { person, browser, proxy, authService } = world;
    authService.settings.deviceIntervalSeconds = 1;
    const pia = { localpart: "pia", password: "a password of pia's" };
    await authService.addUser(pia);
    await browser.forgetCookies();
    await person.findHomeserver(proxy.baseUrl);
    await person.press("Sign in with a code");
    await person.sees(/Then type this code on it/);
    const code = await person.page.getByText(/^[A-Z]{6}$/).innerText();
    await person.looks("oauth-code");
    await person.press("Open the page here");
    const page = await browser.follow();
    await page.getByPlaceholder("Enter code").fill(code);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("This is my device").check();
    await page.getByRole("button", { name: "Continue" }).click();
    await allowAtAuthService(page, pia);
    await page.getByRole("heading", { name: "Device linked" }).waitFor();
    await person.isAt(/Secure Backup|Verify this session/);
    expect((await person.accounts()).map(({ userId }) => userId)).toContain("@pia:example.org");
  });
});
