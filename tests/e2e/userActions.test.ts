import { afterAll, beforeAll, expect, it } from "vitest";
import { openWorld, type World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await openWorld();
  world.synapse.makeProfileIndex();
}, 180_000);
afterAll(() => world?.close());

it("makes the first admin of a homeserver with its shared secret, as an account", async () => {
  const { person, synapse } = world;
  await person.findHomeserver(synapse.baseUrl);
  await person.press("Create the first admin with the server’s shared secret");
  await person.isAt(/^First admin of/);
  await person.type("Shared secret", "a wrong one");
  await person.type("User name", "boss");
  await person.type("Password", "nine quiet herons");
  await person.type("Password again", "nine quiet herons");
  await person.press("Create admin");
  await person.sees("The homeserver doesn’t accept this shared secret.");
  await person.looks("first-admin");
  await person.type("Shared secret", synapse.registrationSharedSecret);
  await person.press("Create admin");
  await person.isAt(/Secure Backup/);
  expect((await person.accounts()).map(({ userId }) => userId)).toEqual(["@boss:example.org"]);
  await person.allAre("running");
}, 120_000);
