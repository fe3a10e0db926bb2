import * as z from "zod";
import type { HomeserverClient } from "../http/homeserverClient.ts";

/** So many rooms are asked for; a person does not choose among more by their names. */
const MAX_ROOMS = 500;
const AT_ONCE = 6;
/** Milliseconds after which the rest stays unknown: the list is not to wait for a slow server. */
const PATIENCE_MS = 15_000;

const Name = z.object({ name: z.string().trim().min(1) }).transform(({ name }) => name);
const Alias = z.object({ alias: z.string().trim().min(1) }).transform(({ alias }) => alias);

/**
 * The names of rooms, by their ids, where the server tells them: by the room's name or else by its main alias. Services
 * that were left, and direct chats, have none to be had. Never throws.
 */
export async function roomNames(
  homeserver: HomeserverClient,
  roomIds: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const left = roomIds.slice(0, MAX_ROOMS).values();
  const deadline = performance.now() + PATIENCE_MS;
  const ask = async (): Promise<void> => {
    for (const roomId of left) {
      if (signal.aborted || performance.now() > deadline) return;
      const name =
        (await stateOf(homeserver, roomId, "m.room.name", Name, signal)) ??
        (await stateOf(homeserver, roomId, "m.room.canonical_alias", Alias, signal));
      if (name !== null) names.set(roomId, [...name].slice(0, 120).join(""));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return names;
}

async function stateOf(
  homeserver: HomeserverClient,
  roomId: string,
  type: string,
  schema: z.ZodType<string>,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return await homeserver.json({
      path: `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/state/${encodeURIComponent(type)}/`,
      signal,
      limits: { answerMs: PATIENCE_MS },
      schema,
    });
  } catch {
    return null;
  }
}
