import * as z from "zod";
import { UserDevice } from "../../shared/contract/users.ts";
import { DeviceId } from "../../shared/ids.ts";
import type { AdminApi } from "./adminApi.ts";
import type { MasApi } from "./mas/masApi.ts";
import { knownToService } from "./mas/masUser.ts";
import { untilHeard } from "./mas/untilHeard.ts";

export interface DeviceAnswer {
  devices: UserDevice[];
}

/** Signing thousands out takes a server a while, in milliseconds. */
const SIGN_OUT_MS = 300_000;

const ServerDevices = z.object({ devices: z.array(z.unknown()).max(100_000) });
const ServerDevice = z
  .object({
    device_id: DeviceId,
    display_name: z.string().max(1000).nullish().catch(null),
    last_seen_ip: z.string().max(100).nullish().catch(null),
    last_seen_ts: z.number().positive().nullish().catch(null),
    dehydrated: z.boolean().nullish().catch(null),
  })
  .transform((raw): UserDevice & { dehydrated: boolean } => ({
    deviceId: raw.device_id,
    name: raw.display_name?.trim() || null,
    lastSeenIp: raw.last_seen_ip || null,
    lastSeenAt: raw.last_seen_ts ?? null,
    dehydrated: raw.dehydrated === true,
  }));

const pathOf = (userId: string, ...more: string[]): readonly string[] => ["v2", "users", userId, ...more];
const newestFirst = (a: UserDevice, b: UserDevice): number =>
  (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0) || a.deviceId.localeCompare(b.deviceId);

/** Where a user is signed in, seen last first. A dehydrated device is no place where anybody is: it is left out. */
export async function listUserDevices(api: AdminApi, userId: string): Promise<DeviceAnswer> {
  const { devices } = await api.request({ path: pathOf(userId, "devices"), schema: ServerDevices });
  const listed = devices.flatMap((raw) => ServerDevice.safeParse(raw).data ?? []).filter(({ dehydrated }) => !dehydrated);
  return { devices: listed.map((device) => UserDevice.parse(device)).sort(newestFirst) };
}

export async function renameUserDevice(api: AdminApi, userId: string, deviceId: string, name: string): Promise<DeviceAnswer> {
  const path = pathOf(userId, "devices", deviceId);
  await api.request({ method: "PUT", path, body: { display_name: name }, schema: z.unknown() });
  return listUserDevices(api, userId);
}

/**
 * Signs these sessions out. What the server has not signed out is still in the answer.
 *
 * @param service looks after the server's accounts, where it has to do it
 */
export async function signOutUserDevices(
  api: AdminApi,
  userId: string,
  devices: readonly string[],
  { service = null }: { service?: MasApi | null } = {},
): Promise<DeviceAnswer> {
  const masUser = await knownToService(service, userId);
  if (service && masUser) {
    // A device that is removed on the homeserver alone comes back.
    const leaving = new Set(devices);
    await service.endSessions(masUser.id, leaving);
    return untilHeard(
      () => listUserDevices(api, userId),
      (left) => !left.devices.some(({ deviceId }) => leaving.has(deviceId)),
    );
  }
  await deleteUserDevices(api, userId, devices);
  return listUserDevices(api, userId);
}

/** Has the homeserver sign these sessions out. One that is gone is no error. */
export async function deleteUserDevices(api: AdminApi, userId: string, devices: readonly string[]): Promise<void> {
  const path = pathOf(userId, "delete_devices");
  await api.request({ method: "POST", path, body: { devices }, schema: z.unknown(), timeoutMs: SIGN_OUT_MS });
}
