import { createPrivateKey, createPublicKey } from "node:crypto";

/** What no name service knows: a test leads there by a proxy of its own. */
export const TEST_FEED = "http://updates.test";

/** The start of an Ed25519 key in PKCS #8; its 32 bytes follow. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * The key that announcements for tests are signed with: everybody can make it, and nothing that is handed out believes it.
 * PKCS #8 in PEM.
 */
export const TEST_FEED_KEY = createPrivateKey({
  key: Buffer.concat([PKCS8, Buffer.alloc(32, "for the tests of Steward alone ")]),
  format: "der",
  type: "pkcs8",
})
  .export({ format: "pem", type: "pkcs8" })
  .toString();

/** What verifies them: SPKI in DER, as base64. */
export const TEST_FEED_PUBLIC_KEY = createPublicKey(TEST_FEED_KEY).export({ format: "der", type: "spki" }).toString("base64");
