import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signInAtProvider } from "../support/browser.ts";
import { expectNoLeaks, openWorld } from "./support/world.ts";

const open = () =>
  openWorld({
    with: ["provider", "browser", "proxy"],
    providers: [{ name: "Example" }, { name: "Another & longer name of a provider", brand: "github" }],
  });
let world: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  world = await open();
}, 120_000);
afterAll(() => world?.close());

const homeserver = (): string => world.proxy.baseUrl;

describe("single sign-on", () => {
  it("offers a button for each provider, in the server's order, and signs in through the browser", async () => {
    const { person, browser } = world;
    await person.findHomeserver(homeserver());
    await person.isAt(/^Sign in to/);
    const buttons = person.page.getByRole("button", { name: /^Continue with/ });
    expect(await buttons.allInnerTexts()).toEqual(["Continue with Example", "Continue with Another & longer name of a provider"]);
    await person.looks("sso-providers");
    await person.press("Continue with Example");
    await person.sees(/on the page that opened in your browser/);
    await person.looks("sso-waiting");
    const page = await browser.follow();
    await signInAtProvider(page, "erin");
    await page.waitForURL(/\/done$/);
    await person.isAt(/Secure Backup|Verify this session/);
    expect((await person.accounts()).map(({ userId }) => userId)).toEqual(["@erin:example.org"]);
    await expectNoLeaks(world, { "login token": "loginToken=" });
  });

  it("can be cancelled, and shows the address to copy where no browser opens", async () => {
    const { person, browser } = world;
    await browser.launcher("fails");
    await person.findHomeserver(homeserver());
    await person.press("Continue with Example");
    await browser.nextOpened();
    const shown = await person.sees(/\/login\/sso\/redirect\//);
    expect(shown).toBe((await browser.opened()).at(-1));
    await person.looks("sso-no-browser");
    await person.press("Cancel");
    await person.sees("Continue with Example");
    await browser.launcher("returns at once");
  });

  it("signs in again, and keeps the session", async () => {
    const { person, browser, synapse } = world;
    await synapse.expireTokens();
    await person.openAccount("erin", "Overview");
    await person.sees(/The server has signed this session out|signed out/);
    await person.press("Continue with Example");
    const page = await browser.follow();
    await page.waitForURL(/\/done$/);
    await person.allAre("running");
  });
});
