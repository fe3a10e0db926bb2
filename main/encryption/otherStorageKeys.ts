import * as z from "zod";
import { type OtherKey, SecretName } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { KEY_PREFIX, otherKeys } from "./removeStorageKeys.ts";
import { PUT_ASIDE, readDescription, StoredSecret } from "./secretStorage.ts";

const WithCopies = z.object({ encrypted: z.record(z.string(), z.unknown()) });

/** Ids of the keys that account data are encrypted with. */
const keysOf = (content: unknown): string[] => Object.keys(WithCopies.safeParse(content).data?.encrypted ?? {});

/** The type that account data had before they were put aside. */
const typeBefore = (type: string): string => type.slice(PUT_ASIDE.length).replace(/\.[^.]*$/, "");

const isEmpty = (content: unknown): boolean => Object.keys(content ?? {}).length === 0;

/**
 * What secret storage holds besides what the default key opens: copies under other keys, and what was put aside. The key
 * of what is not encrypted with any that can be told is null.
 */
export async function describeOtherKeys({ server, storage }: EncryptionContext): Promise<OtherKey[]> {
  const accountData = await server.allAccountData();
  const defaultKey = await storage.defaultKey();
  const defaultId = defaultKey.kind === "found" ? defaultKey.keyId : null;
  const found = new Map<string | null, { secrets: Set<SecretName>; putAside: number }>();
  const entry = (id: string | null): { secrets: Set<SecretName>; putAside: number } => {
    const held = found.get(id) ?? { secrets: new Set(), putAside: 0 };
    found.set(id, held);
    return held;
  };
  for (const [type, content] of accountData) {
    const secret = SecretName.safeParse(type).data;
    if (secret) for (const id of keysOf(content)) if (id !== defaultId) entry(id).secrets.add(secret);
    if (!type.startsWith(PUT_ASIDE) || isEmpty(content)) continue;
    const before = SecretName.safeParse(typeBefore(type)).data;
    for (const id of idsPutAside(type, content)) {
      const held = entry(id);
      held.putAside += 1;
      if (before) held.secrets.add(before);
    }
  }
  return [...found].slice(0, 100).map(([keyId, { secrets, putAside }]) => {
    const description = keyId === null ? null : readDescription(accountData.get(`${KEY_PREFIX}${keyId}`));
    return {
      keyId,
      name: description?.name ?? null,
      hasPhrase: description?.passphrase !== undefined,
      isDefault: keyId !== null && keyId === defaultId,
      secrets: SecretName.options.filter((name) => secrets.has(name)),
      putAside,
    };
  });
}

function idsPutAside(type: string, content: unknown): (string | null)[] {
  const before = typeBefore(type);
  if (before.startsWith(KEY_PREFIX)) return [before.slice(KEY_PREFIX.length)];
  const ids = keysOf(content);
  return ids.length > 0 ? ids : [null];
}

/**
 * Deletes what is encrypted with a key that is not the default one, and what was put aside of any key, without having
 * opened it: the person was asked. The description goes too, unless secrets of another kind need it.
 *
 * @throws `not_found` when there is nothing of the kind
 */
export async function deleteOtherKey(access: EncryptionContext, keyId: string | null): Promise<void> {
  const { server, storage } = access;
  const meant = (await describeOtherKeys(access)).find((key) => key.keyId === keyId);
  if (!meant) throw fail("not_found");
  for (const [type, content] of await server.allAccountData()) {
    if (!type.startsWith(PUT_ASIDE) || isEmpty(content) || !idsPutAside(type, content).includes(keyId)) continue;
    const others = keysOf(content).filter((id) => id !== keyId);
    const left = keyId === null || others.length === 0 ? {} : new StoredSecret(content).without([keyId]);
    await server.setAccountData(type, left);
  }
  if (keyId === null || meant.isDefault) return;
  for (const name of SecretName.options) await storage.removeCopies(name, [keyId]);
  const { neededElsewhere } = otherKeys(await server.allAccountData(), null);
  if (!neededElsewhere.includes(keyId)) await storage.removeDescription(keyId);
}
