import * as z from "zod";
import type { LoggedChange } from "../../shared/contract/actionLog.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import { RateLimit, type UserAccountData, UserConnection, UserPusher } from "../../shared/contract/userServerData.ts";
import type { User } from "../../shared/contract/users.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { ActionLog } from "./actionLog.ts";
import type { AdminApi } from "./adminApi.ts";
import { loggedValue } from "./changesOfUser.ts";
import { showAvatar, uploadAvatar } from "./userAvatar.ts";
import { countRoomActivity, listOtherRooms } from "./userRooms.ts";
import { sumUserMedia } from "./userMedia.ts";

/** So many entries of account data are named. */
const MAX_ENTRIES = 500;

const list = z.array(z.unknown()).max(100_000);
const text = (longest: number) => z.string().transform((long) => long.slice(0, longest));

/** Client-Server API, "GET /admin/whois/{userId}". */
const Whois = z.object({
  devices: z.record(z.string(), z.object({ sessions: z.array(z.object({ connections: list.nullish() })).nullish() })),
});
const Connection = z
  .object({ ip: text(100), last_seen: z.number().positive().nullish().catch(null), user_agent: text(500).nullish().catch(null) })
  .transform((raw) => ({ ip: raw.ip, lastSeenAt: raw.last_seen ?? null, userAgent: raw.user_agent || null }))
  .pipe(UserConnection);

const Pushers = z.object({ pushers: list });
const Pusher = z
  .object({ kind: text(100), app_display_name: text(300).nullish(), app_id: text(300), device_display_name: text(300).nullish() })
  .transform((raw) => ({ kind: raw.kind, app: raw.app_display_name || raw.app_id, device: raw.device_display_name || null }))
  .pipe(UserPusher);

const byType = z.record(z.string(), z.unknown());
const AccountData = z.object({ account_data: z.object({ global: byType.nullish(), rooms: z.record(z.string(), byType).nullish() }) });

const ServerRateLimit = z
  .object({ messages_per_second: z.number().nullish(), burst_count: z.number().nullish() })
  .transform((raw) =>
    raw.messages_per_second == null && raw.burst_count == null
      ? null
      : { messagesPerSecond: raw.messages_per_second ?? 0, burstCount: raw.burst_count ?? 0 },
  )
  .pipe(RateLimit.nullable());
const Features = z.object({ features: z.record(z.string().max(100), z.boolean()) });
const Consent = z.object({ consent_version: text(200).nullish().catch(null), consent_ts: z.number().positive().nullish().catch(null) });

export interface UserServerDataParts {
  adminApiOf: (accountId: AccountId) => AdminApi;
  log: Pick<ActionLog, "record">;
}

type Requests = Handlers["userServerData"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** What a server keeps of one user besides who they are. Everything throws as `AdminApi` does. */
export class UserServerDataService implements Requests {
  readonly #parts: UserServerDataParts;

  constructor(parts: UserServerDataParts) {
    this.#parts = parts;
  }

  async connections({ accountId, userId }: Input<"connections">): Promise<{ connections: UserConnection[] }> {
    const { devices } = await this.#ask(accountId, ["v1", "whois", userId], Whois);
    const said = Object.values(devices).flatMap(({ sessions }) => (sessions ?? []).flatMap(({ connections }) => connections ?? []));
    const connections = said.flatMap((raw) => Connection.safeParse(raw).data ?? []);
    return { connections: connections.sort((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0)).slice(0, MAX_ENTRIES) };
  }

  async pushers({ accountId, userId }: Input<"pushers">): Promise<{ pushers: UserPusher[] }> {
    const { pushers } = await this.#ask(accountId, ["v1", "users", userId, "pushers"], Pushers);
    return { pushers: pushers.flatMap((raw) => Pusher.safeParse(raw).data ?? []).slice(0, MAX_ENTRIES) };
  }

  async accountData({ accountId, userId }: Input<"accountData">): Promise<{ entries: UserAccountData[]; total: number }> {
    const { account_data: said } = await this.#ask(accountId, ["v1", "users", userId, "accountdata"], AccountData);
    const entriesOf = (data: Record<string, unknown>, roomId: string | null): UserAccountData[] =>
      Object.entries(data).map(([type, content]) => ({
        type: type.slice(0, 300),
        roomId,
        bytes: Buffer.byteLength(JSON.stringify(content) ?? ""),
      }));
    const entries = [
      ...entriesOf(said.global ?? {}, null),
      ...Object.entries(said.rooms ?? {}).flatMap(([roomId, data]) => entriesOf(data, roomId.slice(0, 255))),
    ];
    return { entries: entries.sort((a, b) => b.bytes - a.bytes).slice(0, MAX_ENTRIES), total: entries.length };
  }

  otherRooms({ accountId, userId }: Input<"otherRooms">) {
    return listOtherRooms(this.#parts.adminApiOf(accountId), userId);
  }

  roomActivity({ accountId, userId }: Input<"roomActivity">) {
    return countRoomActivity(this.#parts.adminApiOf(accountId), userId);
  }

  media({ accountId, userId }: Input<"media">) {
    return sumUserMedia(this.#parts.adminApiOf(accountId), userId);
  }

  async rateLimit({ accountId, userId }: Input<"rateLimit">): Promise<{ limit: RateLimit | null }> {
    return { limit: await this.#ask(accountId, limitPath(userId), ServerRateLimit) };
  }

  /** Read afterwards: setting the same twice does no harm, and neither does taking off what is off. */
  async setRateLimit({ accountId, userId, limit }: Input<"setRateLimit">): Promise<{ limit: RateLimit | null }> {
    return this.#record(accountId, userId, "set_rate_limit", async (api) => {
      const path = limitPath(userId);
      const before = await this.rateLimit({ accountId, userId });
      const body = limit === null ? {} : { messages_per_second: limit.messagesPerSecond, burst_count: limit.burstCount };
      await api.request({ method: limit === null ? "DELETE" : "POST", path, body, schema: z.unknown(), repeatable: true });
      const now = await this.rateLimit({ accountId, userId });
      if (JSON.stringify(now.limit) !== JSON.stringify(limit)) throw fail("change_not_taken", { fields: ["rateLimit"] });
      return { now, changes: [{ field: "rateLimit", before: limitText(before.limit), after: limitText(now.limit) }] };
    });
  }

  async features({ accountId, userId }: Input<"features">) {
    const { features } = await this.#ask(accountId, featuresPath(userId), Features);
    return { features: Object.entries(features).map(([id, enabled]) => ({ id, enabled })) };
  }

  async setFeature({ accountId, userId, id, enabled }: Input<"setFeature">) {
    return this.#record(
      accountId,
      userId,
      "set_feature",
      async (api) => {
        const before = (await this.features({ accountId, userId })).features.find((feature) => feature.id === id);
        const body = { features: { [id]: enabled } };
        await api.request({ method: "PUT", path: featuresPath(userId), body, schema: z.unknown(), repeatable: true });
        const now = await this.features({ accountId, userId });
        if (!now.features.some((feature) => feature.id === id && feature.enabled === enabled)) {
          throw fail("change_not_taken", { fields: ["features"] });
        }
        return { now, changes: [{ field: id.slice(0, 100), before: loggedValue(before?.enabled ?? null), after: String(enabled) }] };
      },
      id,
    );
  }

  async consent({ accountId, userId }: Input<"consent">): Promise<{ version: string | null; at: number | null }> {
    const { consent_version: version, consent_ts: at } = await this.#ask(accountId, ["v2", "users", userId], Consent);
    return { version: version || null, at: at ?? null };
  }

  async avatar({ accountId, userId }: Input<"avatar">): Promise<{ image: Uint8Array<ArrayBuffer> | null }> {
    const api = this.#parts.adminApiOf(accountId);
    const { avatarMxc } = await api.user(userId);
    return { image: avatarMxc === null ? null : await showAvatar(api, avatarMxc) };
  }

  async setAvatar({ accountId, userId, image, mimeType }: Input<"setAvatar">): Promise<User> {
    return this.#record(accountId, userId, "set_avatar", async (api) => {
      // Nothing is uploaded for somebody who is not there.
      const before = await api.user(userId);
      return changeAvatar(api, before, await uploadAvatar(api, image, mimeType));
    });
  }

  async removeAvatar({ accountId, userId }: Input<"removeAvatar">): Promise<User> {
    return this.#record(accountId, userId, "remove_avatar", async (api) => changeAvatar(api, await api.user(userId), ""));
  }

  #ask<T extends z.ZodType>(accountId: AccountId, path: readonly string[], schema: T): Promise<z.output<T>> {
    return this.#parts.adminApiOf(accountId).request({ path, schema, repeatable: true });
  }

  /** Does what is written down, with what was before and what is now. */
  async #record<T>(
    accountId: AccountId,
    target: string,
    action: string,
    perform: (api: AdminApi) => Promise<Changed<T>>,
    detail: string | null = null,
  ): Promise<T> {
    const api = this.#parts.adminApiOf(accountId);
    const resultOf = ({ changes }: Changed<T>) => ({ result: "done" as const, detail, changes });
    return (await this.#parts.log.record({ actor: api.userId, target, action }, () => perform(api), resultOf)).now;
  }
}

const limitPath = (userId: string): readonly string[] => ["v1", "users", userId, "override_ratelimit"];
const featuresPath = (userId: string): readonly string[] => ["v1", "experimental_features", userId];

const limitText = (limit: RateLimit | null): string | null => (limit === null ? null : `${limit.messagesPerSecond}/s, ${limit.burstCount}`);

interface Changed<T> {
  now: T;
  changes: LoggedChange[];
}

async function changeAvatar(api: AdminApi, before: User, mxc: string): Promise<Changed<User>> {
  // The user is there, so this makes none; one who is gone meanwhile is found out by their own answer.
  const user = await api.changeUser(before.userId, { avatar_url: mxc });
  if ((user.avatarMxc ?? "") !== mxc) throw fail("change_not_taken", { fields: ["avatar"] });
  return { now: user, changes: [{ field: "avatar", before: loggedValue(before.avatarMxc), after: loggedValue(user.avatarMxc) }] };
}
