import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePng } from "../support/png.ts";
import type { TestUser } from "../support/synapse.ts";
import { openWorld, type World } from "./support/world.ts";

let world: World;
let fay: TestUser;

beforeAll(async () => {
  // Less than any square that is cut from a picture of noise takes.
  world = await openWorld({ homeserver: { config: { max_upload_size: "3K" } } });
  fay = await world.synapse.register({ user: "fay", password: "fay likes to be seen" });
  await world.person.hasAccount(world.synapse.baseUrl, fay);
  await world.person.openAccount("fay", "Profile");
});
afterAll(() => world.close());

/** What everybody sees of her. */
const published = (): Promise<{ displayname?: string; avatar_url?: string }> =>
  world.synapse.adminCall({ path: `/_matrix/client/v3/profile/${encodeURIComponent(fay.userId)}` });

const choose = (buffer: Buffer, mimeType = "image/png"): Promise<void> =>
  world.person.page.locator("input[type=file]").setInputFiles({ name: "picture", mimeType, buffer });

describe("the profile", () => {
  test("takes another display name, which is then seen everywhere", async () => {
    const { person } = world;
    await person.sees("Up to 3 kB.");
    await person.type("Display name", "Fay Öberg");
    await person.press("Save");
    await person.sees("The display name was changed");
    await person.inColumn("Fay Öberg").waitFor();
    expect((await published()).displayname).toBe("Fay Öberg");
    await person.looks("profile");
  });

  test("takes a picture, cropped with the keyboard to a square", async () => {
    const { person } = world;
    await choose(makePng(300, 200));
    const crop = person.page.getByRole("dialog", { name: "Crop the picture" });
    const area = crop.getByRole("application");
    await area.focus();
    for (const key of ["+", "+", "ArrowLeft", "ArrowUp"]) await person.page.keyboard.press(key);
    expect(Number(await crop.getByRole("slider").inputValue())).toBeGreaterThan(1);
    await person.looks("profile-crop");
    await person.press("Use this picture");
    await person.sees("The picture was changed");
    expect((await published()).avatar_url).toMatch(/^mxc:\/\/example\.org\//);
    const shown = person.inColumn("Fay").locator("img");
    await shown.waitFor();
    // Drawn, and not only named.
    expect(await shown.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(
      await shown.evaluate((image: HTMLImageElement) => image.naturalHeight),
    );
    await person.looks("profile-picture");
  });

  test("says what the limit is when nothing fits, and that a text is no picture", async () => {
    const { person } = world;
    await choose(Buffer.from("this is no picture"));
    await person.sees("That file is not a picture that Steward can open.");
    const before = (await published()).avatar_url;
    await choose(makePng(640, 640, { noise: true }));
    await person.press("Use this picture");
    await person.sees("That is too large. The limit is 3 kB.");
    await person.looks("profile-too-large");
    await person.press("Cancel");
    expect((await published()).avatar_url).toBe(before);
  });

  test("keeps name and picture over a restart, and gives the picture up", async () => {
    const { person } = world;
    await person.app.quit();
    await person.app.start();
    await person.inColumn("Fay Öberg").locator("img").waitFor();
    await person.allAre("running");
    await person.openAccount("Fay Öberg", "Profile");
    await person.press("Remove picture");
    await person.sees("The picture was removed");
    expect((await published()).avatar_url ?? "").toBe("");
    await person.inColumn("Fay Öberg").locator("img").waitFor({ state: "detached" });
    expect(person.app.pageErrors).toEqual([]);
  });
});

describe("a session that the server has let expire", () => {
  test("is signed in again in place, and is the same session as before", async () => {
    const { person, synapse } = world;
    const [before] = await person.allAre("running");
    await synapse.expireTokens();
    await person.allAre("softLoggedOut");
    await person.openAllAccounts();
    await person.sees("Signed out");
    await person.press("Sign in again for Fay Öberg");
    await person.isAt("Fay Öberg");
    await person.sees("The server has signed this session out. Signing in again keeps the same session");
    await person.type(`Password of ${fay.userId}`, "fay likes to hide");
    await person.press("Sign in again");
    await person.sees("That is not the password of this account.");
    await person.looks("sign-in-again");
    await person.type(`Password of ${fay.userId}`, fay.password);
    await person.press("Sign in again");
    await person.seesNoMore(`Password of ${fay.userId}`);
    expect(await person.allAre("running")).toMatchObject([{ userId: fay.userId, deviceId: before?.deviceId }]);
  });
});
