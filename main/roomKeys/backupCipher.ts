import type { PrivateKey } from "../../shared/secret.ts";
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { fromBase64OfLength, toUnpaddedBase64 } from "./base64.ts";
import { keyObjectOf } from "./keyPairs.ts";
import { hmacSha256 } from "./sha256.ts";

/** `session_data` of a key backup entry (Client-Server API, "m.megolm_backup.v1.curve25519-aes-sha2"). */
export interface EncryptedRoomKey {
  /** Base64 of AES-256-CBC. */
  ciphertext: string;
  /** Base64 of the 32 bytes of an X25519 key that was made for this entry alone. */
  ephemeral: string;
  /** Base64 of 8 bytes. */
  mac: string;
}

const KEY_BYTES = 32;
const MAC_BYTES = 8;
const NOTHING = Buffer.alloc(0);

interface EntryKeys {
  aes: Buffer;
  mac: Buffer;
  iv: Buffer;
}

function entryKeys(shared: Buffer): EntryKeys {
  const keys = Buffer.from(hkdfSync("sha256", shared, NOTHING, NOTHING, 80));
  return { aes: keys.subarray(0, 32), mac: keys.subarray(32, 64), iv: keys.subarray(64, 80) };
}

/**
 * The format computes its MAC over nothing instead of over the ciphertext, as the first implementation did. So it only
 * says that the entry was made for this key.
 */
function macOf({ mac }: EntryKeys): Buffer {
  return hmacSha256(mac, NOTHING).subarray(0, MAC_BYTES);
}

/** What `diffieHellman` takes for a public key. */
type PublicKey = Parameters<typeof diffieHellman>[0]["publicKey"];

/**
 * The bytes of a public key as they are, for `diffieHellman`: Node 24 takes them, and a key object for each entry would
 * cost a tenth of all time. Its types do not know that yet.
 */
const rawPublicKey = (key: Buffer): PublicKey => ({ key, format: "raw-public", asymmetricKeyType: "x25519" }) as unknown as PublicKey;

const takesRawKeys = ((): boolean => {
  const { privateKey } = generateKeyPairSync("x25519");
  try {
    return diffieHellman({ privateKey, publicKey: rawPublicKey(Buffer.alloc(KEY_BYTES, 9)) }).length === KEY_BYTES;
  } catch {
    return false;
  }
})();

/**
 * A public key from its base64. Where bytes are not taken as they are, by way of a JWK, because OpenSSL takes longer to
 * read DER than for all the rest of an entry. Throws when it is no key.
 */
function publicKeyOf(base64: string): PublicKey {
  if (!/^[A-Za-z0-9+/]{43}=?$/.test(base64)) throw new TypeError("not a public key");
  if (takesRawKeys) return rawPublicKey(Buffer.from(base64, "base64"));
  const x = base64.slice(0, 43).replaceAll("+", "-").replaceAll("/", "_");
  return createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
}

/** Opens the entries of one key backup. */
export class BackupDecryptor {
  readonly #privateKey: KeyObject;

  /** Throws when it is no private key. */
  constructor(privateKey: PrivateKey) {
    const key = keyObjectOf("x25519", privateKey);
    if (!key) throw new TypeError("not a private key");
    this.#privateKey = key;
  }

  /** The text inside an entry; null when it was not made for this key or is damaged. */
  decrypt(entry: EncryptedRoomKey): string | null {
    return this.open(entry)?.toString("utf8") ?? null;
  }

  /** What is inside an entry, byte by byte; null when it was not made for this key or is damaged. */
  open({ ciphertext, ephemeral, mac }: EncryptedRoomKey): Buffer | null {
    const given = fromBase64OfLength(mac, MAC_BYTES);
    if (!given) return null;
    try {
      const keys = entryKeys(diffieHellman({ privateKey: this.#privateKey, publicKey: publicKeyOf(ephemeral) }));
      if (!macOf(keys).equals(given)) return null;
      const decipher = createDecipheriv("aes-256-cbc", keys.aes, keys.iv);
      return Buffer.concat([decipher.update(ciphertext, "base64"), decipher.final()]);
    } catch {
      // No key, a key of low order, or a wrong padding.
      return null;
    }
  }
}

/** Makes entries for one key backup. */
export class BackupEncryptor {
  readonly #publicKey: PublicKey;

  /** @param publicKey base64 of 32 bytes */
  constructor(publicKey: string) {
    this.#publicKey = publicKeyOf(publicKey);
  }

  /** @param clear a text, which is written as UTF-8, or bytes as they are */
  encrypt(clear: string | Uint8Array): EncryptedRoomKey {
    const ours = generateKeyPairSync("x25519");
    const keys = entryKeys(diffieHellman({ privateKey: ours.privateKey, publicKey: this.#publicKey }));
    const cipher = createCipheriv("aes-256-cbc", keys.aes, keys.iv);
    const ephemeral = ours.publicKey.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES);
    return {
      ciphertext: toUnpaddedBase64(
        Buffer.concat([cipher.update(typeof clear === "string" ? Buffer.from(clear, "utf8") : clear), cipher.final()]),
      ),
      ephemeral: toUnpaddedBase64(ephemeral),
      mac: toUnpaddedBase64(macOf(keys)),
    };
  }
}
