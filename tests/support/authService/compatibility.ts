import { randomBytes } from "node:crypto";
import type { KoaContextWithOIDC } from "oidc-provider";
import { readJson } from "./routes.ts";
import type { AuthSession, AuthSessions } from "./sessions.ts";

type Context = Pick<KoaContextWithOIDC, "method" | "path" | "req" | "status" | "body" | "get">;

/** The routes of the homeserver that clients without OAuth sign in and out by, where they are the authorization server's. */
export const COMPATIBILITY_PATH = /^\/_matrix\/client\/(?:r0|v3)\/(?:login|logout)(?:\?|$)/;

export interface CompatibilityParts {
  sessions: AuthSessions;
  serverName: string;
  upsertDevice: (localpart: string, deviceId: string, name: string) => Promise<void>;
  endSession: (session: AuthSession) => Promise<void>;
}

/**
 * Signs in with a password and out again, as MAS' compatibility layer does: the session is one of its own, whose token has no
 * end and cannot be refreshed. A sign-in with a device takes the place of another one like it with the same.
 */
export async function compatibility(context: Context, parts: CompatibilityParts): Promise<void> {
  const { sessions, serverName } = parts;
  const refuse = (status: number, errcode: string, error: string): void => {
    context.status = status;
    context.body = { errcode, error };
  };
  if (context.path.endsWith("/logout")) {
    const session = sessions.use(context.get("authorization").replace(/^Bearer /, ""));
    if (session?.kind !== "compat") return refuse(401, "M_UNKNOWN_TOKEN", "Invalid access token");
    await parts.endSession(session);
    context.body = {};
    return;
  }
  if (context.method === "GET") {
    context.body = { flows: [{ type: "m.login.password" }] };
    return;
  }
  const asked = (await readJson(context)) as {
    identifier?: { user?: string };
    password?: string;
    device_id?: string;
    initial_device_display_name?: string;
  };
  const localpart = /^@?([^:]*)/.exec(asked.identifier?.user ?? "")?.[1] ?? "";
  const user = sessions.users.get(localpart);
  if (user === undefined || user.password !== asked.password || user.deactivated)
    return refuse(403, "M_FORBIDDEN", "Invalid username/password");
  const deviceId = asked.device_id ?? randomBytes(5).toString("hex").toUpperCase();
  const name = asked.initial_device_display_name ?? "Unknown device";
  await parts.upsertDevice(localpart, deviceId, name);
  for (const other of sessions.all()) {
    if (other.kind === "compat" && other.localpart === localpart && other.deviceId === deviceId) sessions.sessions.delete(other.id);
  }
  const current = {
    accessToken: `mct_${randomBytes(15).toString("hex")}`,
    refreshToken: null,
    expiresAt: Number.MAX_SAFE_INTEGER,
    used: true,
  };
  const scope = `urn:matrix:client:api:* urn:matrix:client:device:${deviceId}`;
  const session: AuthSession = {
    id: randomBytes(8).toString("hex"),
    kind: "compat",
    localpart,
    deviceId,
    scope,
    clientId: "",
    name,
    current,
    previousRefreshToken: null,
  };
  sessions.setPair(session, current, null);
  sessions.sessions.set(session.id, session);
  context.body = { user_id: `@${localpart}:${serverName}`, access_token: current.accessToken, device_id: deviceId };
}
