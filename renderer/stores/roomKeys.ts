import type { RoomKeysOverview } from "../../shared/contract/roomKeys.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** How many room keys each account has, and where. */
export const roomKeysOverviews = createLoaded<RoomKeysOverview>((accountId) => steward.roomKeys.overview({ accountId }));
