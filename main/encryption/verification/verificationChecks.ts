import { setTimeout as pause } from "node:timers/promises";
import type { Verification, VerificationCheck } from "../../../shared/contract/verifications.ts";
import type { ServerBackup, ServerIdentity } from "../encryptionApi.ts";
import type { EncryptionContext } from "../encryptionContext.ts";
import { belongsTo, IDENTITY_SECRETS, identityKeysHere, isThisSessionVerified } from "../crossSigning.ts";
import { backupKeyHere, connectBackup, opensBackup } from "../keyBackup.ts";

/** How often it is looked for what has arrived, and how often the server is asked; milliseconds. */
const LOOK_EVERY_MS = 250;
const ASK_EVERY_MS = 2_000;

export interface CheckOptions {
  subject: Verification["subject"];
  otherDeviceId: string;
  /** How long to wait for what the other session sends, in milliseconds. */
  patienceMs: number;
  signal: AbortSignal;
  onChecks: (checks: VerificationCheck[]) => void;
}

/**
 * Looks at what came of a verification, until all of it is there or patience ends: the signature and, when this session
 * was the one to be verified, the secrets that the other session sends over, and the key backup they open.
 *
 * Rejects when the server does not answer or the session stops; `onChecks` has told what was there until then.
 */
export async function checkVerification(access: EncryptionContext, options: CheckOptions): Promise<VerificationCheck[]> {
  const checks = new Checks(options);
  const deadline = Date.now() + options.patienceMs;
  let asked = -Infinity;
  let server: OnServer | null = null;
  for (;;) {
    if (server === null || Date.now() - asked >= ASK_EVERY_MS) {
      server = await readServer(access);
      asked = Date.now();
    }
    if ((await look(access, options, server, checks)) || Date.now() >= deadline) return checks.giveUp();
    await pause(LOOK_EVERY_MS, undefined, { signal: options.signal });
  }
}

interface OnServer {
  identity: ServerIdentity;
  backup: ServerBackup | null;
}

async function readServer({ server, machine }: EncryptionContext): Promise<OnServer> {
  const [identity, backup] = await Promise.all([server.queryOwnKeys(machine), server.backup()]);
  return { identity, backup };
}

/** Looks once; answers whether there is nothing more to wait for. */
async function look(
  access: EncryptionContext,
  { subject, otherDeviceId }: CheckOptions,
  { identity, backup }: OnServer,
  checks: Checks,
): Promise<boolean> {
  if (subject === "other_session") {
    const status = await access.crypto.getDeviceVerificationStatus(access.userId, otherDeviceId);
    if (status?.signedByOwner === true && (await isThisSessionVerified(access))) checks.done("session_verified");
    return checks.allDone;
  }
  if (await isThisSessionVerified(access)) checks.done("session_verified");
  const [identityKeys, backupKey] = await Promise.all([identityKeysHere(access), backupKeyHere(access)]);
  const identityHere = IDENTITY_SECRETS.every((name) => belongsTo(name, identityKeys[name], identity));
  const backupKeyFits = opensBackup(backupKey, backup);
  if (identityHere && (backup === null || backupKeyFits)) checks.done("secrets_here");
  if (backup !== null && backupKey !== null && backupKeyFits && !checks.isDone("backup_connected")) {
    await connectBackup(access, backupKey, backup.version);
    checks.done("backup_connected");
  }
  // Without a backup on the server there is none to connect: that is said as missing.
  return checks.allDone || (backup === null && checks.isDone("session_verified") && checks.isDone("secrets_here"));
}

class Checks {
  readonly #onChecks: CheckOptions["onChecks"];
  all: VerificationCheck[];

  constructor({ subject, onChecks }: CheckOptions) {
    this.#onChecks = onChecks;
    const names: VerificationCheck["check"][] =
      subject === "other_session" ? ["session_verified"] : ["session_verified", "secrets_here", "backup_connected"];
    this.all = names.map((check) => ({ check, status: "running" }));
    onChecks(this.all);
  }

  get allDone(): boolean {
    return this.all.every(({ status }) => status === "done");
  }

  isDone(check: VerificationCheck["check"]): boolean {
    return this.all.some((one) => one.check === check && one.status === "done");
  }

  done(check: VerificationCheck["check"]): void {
    if (this.isDone(check)) return;
    this.#set((one) => (one.check === check ? { check, status: "done" } : one));
  }

  /** What is not there by now is missing. */
  giveUp(): VerificationCheck[] {
    if (!this.allDone) this.#set((one) => (one.status === "done" ? one : { ...one, status: "missing" }));
    return this.all;
  }

  #set(change: (one: VerificationCheck) => VerificationCheck): void {
    this.all = this.all.map(change);
    this.#onChecks(this.all);
  }
}
