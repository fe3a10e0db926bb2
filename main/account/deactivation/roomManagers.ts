import * as z from "zod";

/** Versions in which whoever made a room has no more than the power levels give (Matrix 1.16, room version 12). */
const WITHOUT_CREATORS = new Set(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]);
const DEFAULT_STATE_LEVEL = 50;

/** Old rooms have levels as strings, which servers took for numbers. */
const Level = z.coerce.number().int();
const Levels = z.object({
  users: z.record(z.string(), Level).catch({}),
  users_default: Level.catch(0),
  state_default: Level.catch(DEFAULT_STATE_LEVEL),
  events: z.record(z.string(), Level.optional().catch(undefined)).catch({}),
});

const CreateEvent = z.object({
  sender: z.string().optional().catch(undefined),
  content: z
    .object({
      creator: z.string().optional().catch(undefined),
      room_version: z.string().catch("1"),
      additional_creators: z.array(z.string()).catch([]),
    })
    .catch({ creator: undefined, room_version: "1", additional_creators: [] }),
});

/**
 * Who can change who may do what in a room (Client-Server API, `m.room.power_levels`; room version 12 for creators).
 *
 * @param create the event `m.room.create`, whole
 * @param powerLevels the content of `m.room.power_levels`; null where the room has none: then whoever made it can
 */
export function managersOf(create: unknown, powerLevels: unknown): (userId: string) => boolean {
  // Asked for the event, some servers answer its content alone.
  const isEvent = typeof create === "object" && create !== null && "content" in create;
  const { sender, content } = CreateEvent.parse(isEvent ? create : { content: create });
  if (!WITHOUT_CREATORS.has(content.room_version)) {
    const creators = new Set([sender, ...content.additional_creators]);
    const others = byLevel(powerLevels, sender);
    return (userId) => creators.has(userId) || (powerLevels !== null && others(userId));
  }
  return byLevel(powerLevels, sender ?? content.creator);
}

function byLevel(powerLevels: unknown, creator: string | undefined): (userId: string) => boolean {
  if (powerLevels === null) return (userId) => userId === creator;
  const { users, users_default: usual, state_default: needed, events } = Levels.parse(powerLevels);
  return (userId) => (users[userId] ?? usual) >= (events["m.room.power_levels"] ?? needed);
}
