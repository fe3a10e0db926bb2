import * as z from "zod";
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
  const rooms = joined.slice(0, MAX_SHOWN).map((roomId) => ({ roomId, name: null as string | null }));
  const left = [...rooms];
  const nameNext = async (): Promise<void> => {
    for (let room = left.shift(); room !== undefined; room = left.shift()) {
      // A room without a name is better than no list.
      const details = await api.request({ path: ["v1", "rooms", room.roomId], schema: RoomDetails }).catch(() => null);
      room.name = details?.name?.trim() || details?.canonical_alias || null;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, nameNext));
  return { rooms, total: joined.length };
}
