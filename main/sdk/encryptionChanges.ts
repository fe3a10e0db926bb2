import type { MatrixClient, MatrixEvent } from "matrix-js-sdk";
import { homeserverOf } from "../http/homeserverOf.ts";

/** Account data that another client changes when it sets up, changes, resets or switches off Secure Backup. */
const TYPES: ReadonlySet<string> = new Set([
  "m.secret_storage.default_key",
  "m.cross_signing.master",
  "m.cross_signing.self_signing",
  "m.cross_signing.user_signing",
  "m.megolm_backup.v1",
  "m.key_backup",
  "m.org.matrix.custom.backup_disabled",
]);

/** What is told this long after the session wrote such data itself, in milliseconds, came of that. */
const OWN_MS = 60_000;

const watched = new WeakSet<MatrixClient>();

/**
 * Calls back when another client has changed what an account's encryption rests on, as the sync tells it, or the server
 * refuses the backup that this session writes to. What the session itself has just written is left out: whoever wrote it
 * says so when all of it is done. A client is watched once.
 */
export function onEncryptionChanged(client: MatrixClient, changed: () => void): void {
  if (watched.has(client)) return;
  watched.add(client);
  const homeserver = homeserverOf(client);
  const note = (): void => {
    if (Math.min(homeserver.sinceChange("account_data"), homeserver.sinceChange("room_keys")) > OWN_MS) changed();
  };
  // By their names: the SDK's values are loaded late.
  const on = client.on.bind(client) as (name: string, listener: (...args: never[]) => void) => unknown;
  on("accountData", (event: MatrixEvent) => {
    if (TYPES.has(event.getType())) note();
  });
  on("crypto.keyBackupStatus", (enabled: boolean) => {
    if (!enabled) note();
  });
}
