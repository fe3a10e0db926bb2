import * as z from "zod";
import type { RoomsCheck } from "../../../shared/contract/deactivation.ts";
import { isFailure } from "../../../shared/errors.ts";
import type { HomeserverClient } from "../../http/homeserverClient.ts";
import { managersOf } from "./roomManagers.ts";

/** So many rooms are looked at; the rest is counted as unknown. */
const MAX_ROOMS = 5_000;
const AT_ONCE = 6;
/** Until a server's answer about one room counts as lost, in milliseconds. */
const ANSWER_MS = 20_000;

const JoinedRooms = z.object({ joined_rooms: z.array(z.string().max(255)) });
const Members = z.object({ joined: z.record(z.string(), z.unknown()) });
const Name = z.object({ name: z.string().trim().min(1) }).transform(({ name }) => name);
const Alias = z.object({ alias: z.string().trim().min(1) }).transform(({ alias }) => alias);
const Anything = z.record(z.string(), z.unknown());

type Found = RoomsCheck["rooms"][number];
type Progress = Pick<RoomsCheck, "checked" | "total" | "unknown" | "rooms">;

/**
 * Looks for rooms with others in them in which nobody but this account can change who may do what: once it has left,
 * nobody can. Asks the server about each room (Client-Server API, "Getting events for a room"), a few at a time.
 *
 * @param onProgress told after every room
 * @throws what the server answers to the list of rooms, and why the signal was aborted
 */
export async function checkRooms(
  homeserver: HomeserverClient,
  userId: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const { joined_rooms: roomIds } = await homeserver.json({
    path: "/_matrix/client/v3/joined_rooms",
    schema: JoinedRooms,
    repeatable: true,
    signal,
  });
  const looked = roomIds.slice(0, MAX_ROOMS);
  let progress: Progress = { checked: 0, total: roomIds.length, unknown: roomIds.length - looked.length, rooms: [] };
  onProgress(progress);
  const left = looked.values();
  const ask = async (): Promise<void> => {
    for (const roomId of left) {
      signal.throwIfAborted();
      let found: Found | null = null;
      let unknown = 0;
      try {
        found = await lookAt(homeserver, userId, roomId, signal);
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        unknown = 1;
      }
      progress = {
        ...progress,
        checked: progress.checked + 1,
        unknown: progress.unknown + unknown,
        rooms: found ? [...progress.rooms, found] : progress.rooms,
      };
      onProgress(progress);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
}

async function lookAt(homeserver: HomeserverClient, userId: string, roomId: string, signal: AbortSignal): Promise<Found | null> {
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const ask = <T extends z.ZodType>(path: string, schema: T, query?: Record<string, string>) =>
    homeserver.json({ path: room + path, schema, ...(query && { query }), signal, repeatable: true, limits: { answerMs: ANSWER_MS } });
  const orNull = async <T>(asked: Promise<T>): Promise<T | null> => asked.catch(() => (signal.throwIfAborted(), null));
  // Both of it, as room versions differ: since 12 whoever made the room stands above the power levels.
  const create = await ask("/state/m.room.create/", Anything, { format: "event" });
  const levels = await ask("/state/m.room.power_levels/", Anything).catch((thrown: unknown) => notThere(thrown));
  const manages = managersOf(create, levels);
  if (!manages(userId)) return null;
  const { joined } = await ask("/joined_members", Members);
  const others = Object.keys(joined).filter((member) => member !== userId);
  if (others.length === 0 || others.some(manages)) return null;
  const name = (await orNull(ask("/state/m.room.name/", Name))) ?? (await orNull(ask("/state/m.room.canonical_alias/", Alias)));
  return { roomId, name: name === null ? null : [...name].slice(0, 120).join(""), others: others.length };
}

/** A room may have no power levels at all. @throws anything else */
function notThere(thrown: unknown): null {
  if (isFailure(thrown, "not_found")) return null;
  throw thrown;
}
