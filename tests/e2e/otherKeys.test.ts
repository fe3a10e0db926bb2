import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encryptSecret, newKeyCheck } from "../../main/encryption/secretCipher.ts";
import { newSecurityKey } from "../../main/encryption/securityKey.ts";
import { newPrivateKey } from "../../main/roomKeys/keyPairs.ts";
import { type SdkSession, startSdkSession } from "../support/sdkSession.ts";
import { AccountDataOnServer } from "../support/secureBackupChecks.ts";
import type { TestUser } from "../support/synapse.ts";
import { SecureBackupPage } from "./support/secureBackupPage.ts";
import { openWorld } from "./support/world.ts";

const MASTER = "m.cross_signing.master";

let world: Awaited<ReturnType<typeof openWithProxy>>;
let page: SecureBackupPage;
let erin: TestUser;
let phone: SdkSession;
let securityKey: string;
let onServer: AccountDataOnServer;

const openWithProxy = () => openWorld({ with: ["proxy"] });

beforeAll(async () => {
  world = await openWithProxy();
  page = new SecureBackupPage(world.person);
  const { synapse } = world;
  erin = await synapse.register({ user: "erin", password: "erin eats early", displayName: "Erin" });
  phone = await startSdkSession({ baseUrl: synapse.baseUrl, ...erin });
  securityKey = await phone.setUpSecureBackup();
  await phone.sendRoomKeys(2);
  onServer = new AccountDataOnServer(synapse, phone.tokens);
  const key = newSecurityKey();
  await onServer.write("m.secret_storage.key.attic", {
    algorithm: "m.secret_storage.v1.aes-hmac-sha2",
    name: "attic",
    ...(await newKeyCheck(key)),
  });
  const { encrypted } = await onServer.read(MASTER);
  const secret = await encryptSecret(newPrivateKey(), key, MASTER);
  await onServer.write(MASTER, { encrypted: { ...encrypted, attic: secret } });
});
afterAll(async () => {
  phone.stop();
  await world.close();
});

describe("secrets under a key that nothing here opens", () => {
  test("are named, and stay when the question is answered with no", async () => {
    const { person } = world;
    await person.signIn(world.proxy.baseUrl, erin);
    await person.isAt("Verify this session");
    await page.unlockKeyWith(securityKey);
    await person.sees("Secure Backup works.");
    await person.sees("Key “attic”");
    await person.looks("other-keys");
    await person.press("Delete…");
    await person.isAsked("Delete what this key encrypts?");
    await person.looks("other-keys-question");
    await person.press("Cancel");
    await person.sees("Key “attic”");
    expect((await onServer.read(MASTER)).encrypted).toHaveProperty("attic");
  });

  test("go when it is answered with yes, and nothing else does", async () => {
    const { person } = world;
    await person.press("Delete…");
    await person.press("Delete without opening");
    await person.seesNoMore("Key “attic”");
    const { encrypted } = await onServer.read(MASTER);
    expect(encrypted).not.toHaveProperty("attic");
    expect(Object.keys(encrypted)).toHaveLength(1);
    await person.sees("Secure Backup works.");
  });
});

describe("room keys, where the backup cannot be used", () => {
  test("are said to be those of this session", async () => {
    const { person, proxy } = world;
    const body = { version: "1", algorithm: "org.example.backup.v9", auth_data: {}, count: 0, etag: "0" };
    const fault = { kind: "answer", status: 200, body } as const;
    const rule = proxy.addRule({ method: "GET", path: /room_keys\/version$/, fault, times: Infinity });
    await person.page.getByRole("link", { name: "Room keys" }).or(person.button("Room keys")).first().click();
    await person.sees("Of a kind Steward can’t use");
    await person.looks("room-keys-unknown-backup");
    await person.press("Look at Secure Backup");
    await person.isAt("Secure Backup");
    rule.remove();
  });
});

describe("an identity that was replaced elsewhere", () => {
  test("is told, with two ways out, and is not accepted without a question", async () => {
    const { person } = world;
    await phone.crypto.bootstrapCrossSigning({
      setupNewCrossSigning: true,
      authUploadDeviceSigningKeys: async (makeRequest) => {
        const identifier = { type: "m.id.user", user: erin.userId };
        await makeRequest({ type: "m.login.password", identifier, password: erin.password });
      },
    });
    securityKey = await phone.setUpSecureBackup();
    await person.page.getByRole("link", { name: "Overview" }).or(person.button("Overview")).first().click();
    await person.seesNoMore("Secure Backup on the server");
    await person.page.getByRole("link", { name: "Secure Backup" }).or(person.button("Secure Backup")).first().click();
    await person.sees("If you reset it yourself");
    await person.sees("If it wasn’t you");
    await person.looks("identity-changed");
    await person.press("Reset…");
    await person.isAt("Reset Secure Backup");
    await person.press("Cancel");
    await person.press("Accept and verify…");
    await person.isAsked("Accept the new identity?");
    await person.looks("identity-changed-question");
    await person.press("Cancel");
    await person.sees("If it wasn’t you");
  });

  test("lets nothing read as verified meanwhile, on any page", async () => {
    const { person } = world;
    await person.openAccount("Erin", "Sessions");
    await person.sees(/2 places where Erin is signed in\. 2 are not verified\./);
    await person.button("Unverified 2").waitFor();
    expect(await person.page.getByText("Verified", { exact: true }).count()).toBe(0);
    await person.looks("identity-changed-sessions");
    await person.openAccount("Erin", "Overview");
    await person.sees("Nothing counts as verified until you say whether it was you.");
    await person.sees(/the server now gives this account another identity/);
    expect(await person.page.getByText("Verified", { exact: true }).count()).toBe(0);
    await person.looks("identity-changed-overview");
    await person.openAccount("Erin", "Secure Backup");
    await person.sees("If it wasn’t you");
  });

  test("is accepted after the question, and verified with its Security Key", async () => {
    const { person } = world;
    await person.press("Accept and verify…");
    await person.press("Accept");
    await person.seesNoMore("If it wasn’t you");
    await page.unlockKeyWith(securityKey);
    await person.sees("Secure Backup works.");
  });
});
