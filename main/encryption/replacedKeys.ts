import * as z from "zod";
import { SecretName } from "../../shared/contract/secureBackup.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";

const KEY_PREFIX = "m.secret_storage.key.";

const WithCopies = z.object({ encrypted: z.record(z.string(), z.unknown()) });

/** Keys of secret storage other than one, and which of them nothing but Secure Backup needs. */
export interface OtherKeys {
  /** Ids of all of them. */
  all: string[];
  /** Those that no secret of another kind is locked with: they can go. */
  removable: string[];
}

/** Finds the keys of secret storage, all but `keyId` when there is one: those that are described, and those that copies are locked with. */
export function otherKeys(accountData: ReadonlyMap<string, unknown>, keyId: string | null): OtherKeys {
  const all = new Set<string>();
  const neededElsewhere = new Set<string>();
  for (const [type, content] of accountData) {
    if (type.startsWith(KEY_PREFIX) && Object.keys(content ?? {}).length > 0) {
      all.add(type.slice(KEY_PREFIX.length));
    }
    const copies = WithCopies.safeParse(content).data?.encrypted ?? {};
    const ours = SecretName.safeParse(type).success;
    for (const id of Object.keys(copies)) (ours ? all : neededElsewhere).add(id);
  }
  if (keyId !== null) all.delete(keyId);
  return { all: [...all], removable: [...all].filter((id) => !neededElsewhere.has(id)) };
}

/**
 * Takes keys of secret storage away: first the copies of the four secrets that are locked with them, then their
 * descriptions. A description that a secret of another kind still needs stays.
 *
 * @param keep the key that stays whatever else is said
 * @param which the keys meant, by id
 */
export async function removeKeys(
  { server, storage }: EncryptionAccess,
  keep: string,
  which: string[] | "all others",
): Promise<void> {
  const { all, removable } = otherKeys(await server.allAccountData(), keep);
  const meant = (id: string): boolean => which === "all others" || which.includes(id);
  for (const name of SecretName.options) {
    await storage.removeCopies(name, all.filter(meant));
  }
  for (const id of removable.filter(meant)) await storage.removeDescription(id);
}
