import type { MatrixClient } from "matrix-js-sdk";
import type { ResetPreview } from "../../shared/contract/secureBackup.ts";
import { listDevices } from "../devices/deviceList.ts";
import { readDehydratedDevice } from "./dehydratedDevice.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { describeBackups } from "./turnOff.ts";
import { roomKeyCounts } from "./roomKeyUpload.ts";

/** What a person types to confirm a reset: the part of their Matrix ID before the colon, which no accident types. */
function confirmationFor(userId: string): string {
  return userId.slice(1).split(":")[0]!;
}

/** Whether what was typed confirms a reset of this account. The @, and the server's name, may come along. */
export function confirmsReset(userId: string, typed: string | undefined): boolean {
  const text = typed?.trim().toLowerCase() ?? "";
  const localpart = confirmationFor(userId).toLowerCase();
  return localpart !== "" && [localpart, `@${localpart}`, userId.toLowerCase()].includes(text);
}

/** Finds out what a reset would cost an account. Changes nothing. */
export async function previewReset(client: MatrixClient, access: EncryptionContext): Promise<ResetPreview> {
  const { machine, server, userId } = access;
  const [identity, backups, counts, dehydratedDevice] = await Promise.all([
    server.queryOwnKeys(machine),
    describeBackups(access),
    roomKeyCounts(access),
    server.allAccountData().then((accountData) => readDehydratedDevice(server, accountData)),
  ]);
  const others = (await listDevices(client)).filter(({ thisSession }) => !thisSession);
  return {
    confirmation: confirmationFor(userId),
    verifiedSessionsLost: others.filter(({ verification }) => verification === "verified").length,
    roomKeys: {
      inBackup: backups[0]?.keyCount ?? null,
      opensHere: backups[0]?.opensHere ?? false,
      here: counts.total,
    },
    backups,
    identityExists: identity.master !== null,
    dehydratedDevice: dehydratedDevice === "there",
  };
}
