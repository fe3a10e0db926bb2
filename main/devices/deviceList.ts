import type { MatrixClient } from "matrix-js-sdk";
import * as z from "zod";
import type { Handlers } from "../../shared/contract/index.ts";
import type { Session } from "../../shared/contract/devices.ts";
import { fail } from "../../shared/errors.ts";
import { type AccountId, DeviceId } from "../../shared/ids.ts";
import { pinnedIdentityOf } from "../sdk/pinnedIdentity.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { Challenges } from "../uia/challenges.ts";

/** After so long without being seen a session counts as forgotten. */
export const INACTIVE_AFTER_MS = 90 * 24 * 60 * 60 * 1000;

/** What a server says of a device (`GET /_matrix/client/v3/devices`). What cannot be shown is taken as not said. */
const ServerDevice = z.object({
  device_id: DeviceId,
  display_name: z.string().max(1000).nullish().catch(null),
  last_seen_ts: z.number().positive().nullish().catch(null),
  last_seen_ip: z.string().max(100).nullish().catch(null),
});

const ServerDevices = z.object({ devices: z.array(z.unknown()) });
const DEVICES = "/_matrix/client/v3/devices";

const byName = new Intl.Collator(undefined, { numeric: true });

/** Those that the server says nothing of, or the same, stand in the order of their names: a person looks for one by that. */
const newestFirst = (a: Session, b: Session): number =>
  Number(b.thisSession) - Number(a.thisSession) ||
  (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0) ||
  byName.compare(a.name ?? "", b.name ?? "") ||
  a.deviceId.localeCompare(b.deviceId);

/**
 * All sessions of an account as a person knows them: this one first, then those seen last, without the dehydrated device
 * (MSC3814) that the account's identity has signed. Whether one is verified is judged by its keys, as the crypto machine has
 * been told of them; none is while the server gives an identity that the person has not said is theirs.
 */
export async function listDevices(client: MatrixClient): Promise<Session[]> {
  const crypto = client.getCrypto()!;
  const userId = client.getSafeUserId();
  const [{ devices }, deviceKeys] = await Promise.all([
    homeserverOf(client).json({ path: DEVICES, schema: ServerDevices }),
    crypto.getUserDeviceInfo([userId], true),
  ]);
  const withKeys = deviceKeys.get(userId);
  const identity = pinnedIdentityOf(client);
  const forgottenBefore = Date.now() - INACTIVE_AFTER_MS;
  const sessions = await Promise.all(
    devices.map(async (raw): Promise<Session | null> => {
      const parsed = ServerDevice.safeParse(raw);
      if (!parsed.success) return null;
      const { device_id: deviceId, display_name: name, last_seen_ts: seenAt, last_seen_ip: ip } = parsed.data;
      const keys = withKeys?.get(deviceId);
      const status = keys ? await crypto.getDeviceVerificationStatus(userId, deviceId) : null;
      // Whoever has the password alone can claim to be one: that must not hide a session.
      const verified = status?.signedByOwner === true && identity.changedTo === null;
      if (keys?.dehydrated && verified) return null;
      const thisSession = deviceId === client.getDeviceId();
      return {
        deviceId,
        name: name?.trim() || null,
        lastSeenAt: seenAt ?? null,
        lastSeenIp: ip || null,
        thisSession,
        // Not `crossSigningVerified`: seen from a session that is not verified itself, that is false for all.
        verification: status ? (verified ? "verified" : "unverified") : "no_encryption",
        inactive: !thisSession && typeof seenAt === "number" && seenAt < forgottenBefore,
      };
    }),
  );
  return sessions.filter((session) => session !== null).sort(newestFirst);
}

export interface DeviceListParts {
  sessions: SessionManager;
  challenges: Challenges;
  /** Called when sessions have gone, so that what counts them can count again. */
  onChanged: (accountId: AccountId) => void;
  /** Called before the server is asked to sign sessions out. */
  onEnding: (accountId: AccountId, deviceIds: readonly string[]) => void;
}

type Requests = Pick<Handlers["devices"], "list" | "rename" | "signOut">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** What a person does with an account's sessions. */
export class DeviceList implements Requests {
  readonly #parts: DeviceListParts;

  constructor(parts: DeviceListParts) {
    this.#parts = parts;
  }

  /** @throws what the session or the server throws */
  async list({ accountId }: Input<"list">): Promise<{ sessions: Session[] }> {
    return { sessions: await this.#parts.sessions.session(accountId).use(listDevices) };
  }

  /** An empty name removes it. @throws `not_found` when the session is gone, and what the server says */
  async rename({ accountId, deviceId, name }: Input<"rename">): Promise<{ sessions: Session[] }> {
    const sessions = await this.#parts.sessions.session(accountId).use(async (client, signal) => {
      const path = `${DEVICES}/${encodeURIComponent(deviceId)}`;
      await homeserverOf(client).text({ method: "PUT", path, body: { display_name: name }, signal });
      return listDevices(client);
    });
    return { sessions };
  }

  /**
   * Signs other sessions out, all with one Challenge (`POST /_matrix/client/v3/delete_devices`). Those that have gone
   * meanwhile are no error.
   *
   * @throws `invalid_input` when this session is among them, `challenge_cancelled`, and what the server says
   */
  async signOut({ accountId, deviceIds }: Input<"signOut">): Promise<{ sessions: Session[] }> {
    const { sessions, challenges, onChanged, onEnding } = this.#parts;
    const session = sessions.session(accountId);
    if (deviceIds.includes(session.details.deviceId)) throw fail("invalid_input", { issues: ["deviceIds: this_session"] });
    const left = await session.useAlone(async (client, signal) => {
      await challenges.run(
        session,
        "sign_out_sessions",
        (auth) => {
          onEnding(accountId, deviceIds);
          return homeserverOf(client).text({
            method: "POST",
            path: "/_matrix/client/v3/delete_devices",
            body: { devices: deviceIds, ...(auth && { auth }) },
            signal,
          });
        },
        { signal },
      );
      return listDevices(client);
    });
    onChanged(accountId);
    return { sessions: left };
  }
}
