import type { Device, MatrixClient } from "matrix-js-sdk";
import type { VerificationRequest } from "matrix-js-sdk/lib/crypto-api/verification.js";
import { type AppFailure, fail } from "../../../shared/errors.ts";
import { pinnedIdentityOf } from "../../sdk/pinnedIdentity.ts";
import { factsOf } from "./requestFacts.ts";

const MAX_NAME = 200;
const MAX_TRIES = 3;

/** A session of the account as this session knows it; undefined when it does not, or not yet. */
export async function findDevice(client: MatrixClient, deviceId: string): Promise<Device | undefined> {
  const userId = client.getSafeUserId();
  return (await client.getCrypto()?.getUserDeviceInfo([userId]))?.get(userId)?.get(deviceId);
}

/** What a session calls itself. */
export function nameOfDevice({ displayName }: Device): string | null {
  const name: unknown = displayName;
  return typeof name === "string" && name.trim() !== "" ? name.trim().slice(0, MAX_NAME) : null;
}

/**
 * Why another session cannot be asked to verify, or null: `secure_backup_absent` when the account has no identity,
 * `identity_changed`, `not_found` when there is no such session or it has no keys, `session_not_verified` when neither
 * side is verified.
 *
 * @param verifiedHere whether this session is verified
 */
export async function whyNotToAsk(client: MatrixClient, deviceId: string | null, verifiedHere: boolean): Promise<AppFailure | null> {
  const crypto = client.getCrypto();
  if (!crypto) return fail("account_not_running");
  const userId = client.getSafeUserId();
  if (!(await crypto.userHasCrossSigningKeys(userId, true))) return fail("secure_backup_absent");
  if (pinnedIdentityOf(client).changedTo !== null) return fail("identity_changed");
  const devices = (await crypto.getUserDeviceInfo([userId], true)).get(userId) ?? new Map<string, { dehydrated: boolean }>();
  if (deviceId !== null && !devices.has(deviceId)) return fail("not_found");
  const others = [...devices].filter(([id, { dehydrated }]) => id !== client.getDeviceId() && !dehydrated).map(([id]) => id);
  if (deviceId === null && others.length === 0) return fail("not_found");
  if (verifiedHere) return null;
  const asked = deviceId === null ? others : [deviceId];
  const statuses = await Promise.all(asked.map((id) => crypto.getDeviceVerificationStatus(userId, id)));
  return statuses.some((status) => status?.signedByOwner === true) ? null : fail("session_not_verified");
}

/**
 * Asks one session, or all of the account's others. Throws `conversation_over` when the crypto machine still holds on to
 * an earlier one after several syncs; and what sending throws.
 */
export async function askToVerify(client: MatrixClient, deviceId: string | null, signal: AbortSignal): Promise<VerificationRequest> {
  const crypto = client.getCrypto();
  if (!crypto) throw fail("account_not_running");
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    const request =
      deviceId === null
        ? await crypto.requestOwnUserVerification()
        : await crypto.requestDeviceVerification(client.getSafeUserId(), deviceId);
    if (factsOf(request).phase !== "cancelled") return request;
    // One that ended a moment ago is only forgotten with the next sync, and until then it ends each new one.
    await nextSync(client, signal);
  }
  throw fail("conversation_over");
}

function nextSync(client: MatrixClient, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      client.off("sync" as never, synced as never);
      reject(fail("cancelled"));
    };
    const synced = (): void => {
      client.off("sync" as never, synced as never);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    client.on("sync" as never, synced as never);
    signal.addEventListener("abort", stop, { once: true });
  });
}
