import { existsSync } from "node:fs";
import { openSecrets } from "../../main/secrets/openSecrets.ts";
import { KeytarKeychain } from "../../main/secrets/keytarKeychain.ts";
import { Folders } from "../../main/storage/folders.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { quietLogger } from "./quietLogger.ts";
import { accessToken, heldSecrets, plainSecrets, type PlainSecrets, secretOf } from "./secretValues.ts";

/**
 * The secrets room in a process of its own, which keytar needs: libsecret reads the address of its bus once. Takes
 * `{id, call, args}` over the process channel and answers `{id, value}` or `{id, error}`.
 */
const userData = process.argv[2];
if (userData === undefined || !existsSync(userData)) throw new Error("secretsChild.ts FOLDER");

const folders = new Folders(userData);
await folders.prepare();
const damaged: unknown[] = [];
const changes: unknown[] = [];
const keychain = new KeytarKeychain({ timeoutMs: 5_000 });
const { protection, store } = await openSecrets({
  folders,
  keychain,
  onDamaged: (one) => damaged.push(one),
  log: quietLogger,
  // The real cost is shown by a unit test; here many are made.
  scryptCost: { N: 2 ** 12, r: 8, p: 1 },
});
protection.onChange((state) => changes.push(state));

async function readPlain(accountId: AccountId) {
  const read = await store.read(accountId);
  return read.kind === "found" ? { ...read, secrets: plainSecrets(read.secrets) } : read;
}

const calls: Record<string, (...args: never[]) => unknown> = {
  read: (accountId: AccountId) => readPlain(accountId),
  write: (accountId: AccountId, secrets: PlainSecrets) => store.write(accountId, heldSecrets(secrets)),
  setToken: async (accountId: AccountId, token: string) =>
    plainSecrets(await store.update(accountId, (secrets) => ({ ...secrets, accessToken: accessToken(token) }))),
  remove: (accountId: AccountId) => store.remove(accountId),
  state: () => protection.state(),
  retryKeychain: () => protection.retryKeychain(),
  choosePassphrase: (passphrase: string) => protection.choosePassphrase({ passphrase: secretOf("passphrase", passphrase) }),
  chooseThisTimeOnly: () => protection.chooseThisTimeOnly(),
  unlock: (passphrase: string) => protection.unlock({ passphrase: secretOf("passphrase", passphrase) }),
  whereKept: () => protection.whereKept(),
  forgetPassphrase: () => protection.forgetPassphrase(),
  recallPassphrase: (passphrase: string) => protection.recallPassphrase({ passphrase: secretOf("passphrase", passphrase) }),
  setAside: (accountId: AccountId, folder: string) => store.setAside(accountId, folder),
  changes: () => changes,
  damaged: () => damaged,
  rawGet: (name: string) => keychain.get(name),
  rawSet: (name: string, value: string) => keychain.set(name, value),
  rawRemove: (name: string) => keychain.remove(name),
  /** Writes for ever; the parent kills this process in the middle of it. */
  writeForEver: async (accountId: AccountId) => {
    for (let round = 0; ; round += 1) {
      await store.update(accountId, (secrets) => ({ ...secrets, accessToken: accessToken(`token ${String(round)}`) }));
      process.send?.({ round });
    }
  },
};

process.on("message", (message: { id: number; call: string; args: never[] }) => {
  void (async () => {
    try {
      process.send?.({ id: message.id, value: await calls[message.call]?.(...message.args) });
    } catch (error) {
      const told = error instanceof AppFailure ? error.error : { kind: "unexpected", message: String(error) };
      process.send?.({ id: message.id, error: told });
    }
  })();
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true });
