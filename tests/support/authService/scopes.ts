const API = "urn:matrix:client:api:*";
const DEVICE = "urn:matrix:client:device:";
const UNSTABLE_API = "urn:matrix:org.matrix.msc2967.client:api:*";
const UNSTABLE_DEVICE = "urn:matrix:org.matrix.msc2967.client:device:";
const ADMIN = ["urn:synapse:admin:*", "urn:mas:admin"];

/** What a scope asks for. */
export interface AskedScope {
  deviceId: string;
  /** Asks for more than an account's own things. */
  admin: boolean;
}

/** The scopes of the homeserver among those that are asked for: all but OpenID's own. */
export function homeserverScopes(scope: string | undefined): string {
  return (scope ?? "")
    .split(" ")
    .filter((name) => name.startsWith("urn:"))
    .join(" ");
}

/** Reads a scope; null when it is refused: no or two devices, a short device id, stable and unstable names mixed. */
export function readScope(scope: string | undefined): AskedScope | null {
  const names = (scope ?? "").split(" ").filter((name) => name !== "");
  const stable = names.includes(API);
  if (stable === names.includes(UNSTABLE_API)) return null;
  const devices = names.filter((name) => name.startsWith(DEVICE) || name.startsWith(UNSTABLE_DEVICE));
  const prefix = stable ? DEVICE : UNSTABLE_DEVICE;
  const [device] = devices;
  if (device === undefined || devices.length > 1 || !device.startsWith(prefix)) return null;
  const deviceId = device.slice(prefix.length);
  if (!/^[A-Za-z0-9._~-]{10,}$/.test(deviceId)) return null;
  return { deviceId, admin: names.some((name) => ADMIN.includes(name)) };
}

/** As the introspection tells it: by both names, for homeservers of every age. */
export function bothNames(scope: string): string {
  const names = scope.split(" ").flatMap((name) => {
    if (name === API || name === UNSTABLE_API) return [API, UNSTABLE_API];
    const deviceId = [DEVICE, UNSTABLE_DEVICE].find((prefix) => name.startsWith(prefix));
    return deviceId === undefined ? [name] : [DEVICE, UNSTABLE_DEVICE].map((prefix) => prefix + name.slice(deviceId.length));
  });
  return [...new Set(names)].join(" ");
}
