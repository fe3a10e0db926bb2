import * as z from "zod";
import type { OtherMembership, OtherRooms, RoomActivity } from "../../shared/contract/userServerData.ts";
import { isFailure } from "../../shared/errors.ts";
import type { AdminApi } from "./adminApi.ts";

export interface RoomAnswer {
  rooms: { roomId: string; name: string | null }[];
  total: number;
}

/** So many rooms are shown, with their names. */
const MAX_SHOWN = 50;
const AT_ONCE = 4;

const JoinedRooms = z.object({ joined_rooms: z.array(z.string().max(255)).max(1_000_000) });
const RoomDetails = z.object({ name: z.string().max(1000).nullish(), canonical_alias: z.string().max(1000).nullish() });

/** The rooms that a user has joined, the first of them with their names where they have any. */
export async function listUserRooms(api: AdminApi, userId: string): Promise<RoomAnswer> {
  const { joined_rooms: joined } = await api.request({ path: ["v1", "users", userId, "joined_rooms"], schema: JoinedRooms });
  return { rooms: await named(api, joined.slice(0, MAX_SHOWN)), total: joined.length };
}

const Memberships = z.object({ memberships: z.record(z.string().max(255), z.string()) });

/** What a membership of a room may be, but for having joined it, the rarest first. */
const OTHER_MEMBERSHIPS = ["ban", "knock", "invite", "leave"] as const satisfies readonly OtherMembership[];

/**
 * The rooms that a user was invited to, has left, was banned from or knocks at, as far as their server is in them. A server that
 * is older than Synapse 1.145 does not say.
 */
export async function listOtherRooms(api: AdminApi, userId: string): Promise<OtherRooms> {
  const { memberships } = await api.request({ path: ["v1", "users", userId, "memberships"], schema: Memberships, repeatable: true });
  const all = OTHER_MEMBERSHIPS.flatMap((membership) =>
    Object.entries(memberships).flatMap(([roomId, said]) => (said === membership ? [{ roomId, membership }] : [])),
  );
  const rooms = await named(
    api,
    all.slice(0, MAX_SHOWN).map(({ roomId }) => roomId),
  );
  return { rooms: rooms.map((room, at) => ({ ...room, membership: all[at]!.membership })), total: all.length };
}

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const count = z.number().int().nonnegative();

/** How many invites a user has sent and rooms they have joined. A server that is older than Synapse 1.122 does not say. */
export async function countRoomActivity(api: AdminApi, userId: string): Promise<RoomActivity> {
  const since = async (endpoint: string, key: string): Promise<RoomActivity["invitesSent"]> => {
    const from = async (moment: number): Promise<number> => {
      const query = { from_ts: String(moment) };
      return (await api.request({ path: ["v1", "users", userId, endpoint], query, schema: z.object({ [key]: count }), repeatable: true }))[
        key
      ]!;
    };
    try {
      const [ever, lastWeek] = await Promise.all([from(0), from(Date.now() - WEEK_MS)]);
      return { ever, lastWeek };
    } catch (thrown) {
      if (isFailure(thrown, "admin_api_lacks")) return null;
      throw thrown;
    }
  };
  const [invitesSent, roomsJoined] = await Promise.all([
    since("sent_invite_count", "invite_count"),
    since("cumulative_joined_room_count", "cumulative_joined_room_count"),
  ]);
  return { invitesSent, roomsJoined };
}

/** Rooms with their names, where they have any. */
async function named(api: AdminApi, roomIds: readonly string[]): Promise<{ roomId: string; name: string | null }[]> {
  const rooms = roomIds.map((roomId) => ({ roomId, name: null as string | null }));
  const left = [...rooms];
  const nameNext = async (): Promise<void> => {
    for (let room = left.shift(); room !== undefined; room = left.shift()) {
      // A room without a name is better than no list.
      const details = await api.request({ path: ["v1", "rooms", room.roomId], schema: RoomDetails }).catch(() => null);
      room.name = details?.name?.trim() || details?.canonical_alias || null;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, nameNext));
  return rooms;
}
