import type {
  OtherRooms,
  RateLimit,
  RoomActivity,
  UserConnection,
  UserMediaSum,
  UserPusher,
} from "../../shared/contract/userServerData.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";
import { accountOfUser, partsOfUser, type UserKey } from "./users.ts";

const accountOf = accountOfUser;
const data = steward.userServerData;

/** From where each user has used the server. */
export const userConnections = createLoaded<readonly UserConnection[], UserKey>(
  async (key) => (await data.connections(partsOfUser(key))).connections,
  accountOf,
);

/** Where each user's notifications go. */
export const userPushers = createLoaded<readonly UserPusher[], UserKey>(
  async (key) => (await data.pushers(partsOfUser(key))).pushers,
  accountOf,
);

/** The names and sizes of each user's account data, once somebody has asked for them. */
export const userAccountData = createLoaded<Awaited<ReturnType<typeof data.accountData>>, UserKey>(
  (key) => data.accountData(partsOfUser(key)),
  accountOf,
);

/** The rooms that each of them belongs to without having joined them. */
export const userOtherRooms = createLoaded<OtherRooms, UserKey>((key) => data.otherRooms(partsOfUser(key)), accountOf);

/** How many invites each of them has sent, and how many rooms they have joined. */
export const userRoomActivity = createLoaded<RoomActivity, UserKey>((key) => data.roomActivity(partsOfUser(key)), accountOf);

/** How much each user has uploaded. */
export const userMedia = createLoaded<UserMediaSum, UserKey>((key) => data.media(partsOfUser(key)), accountOf);

/** How often each user may send messages, where that is other than for everybody. */
export const userRateLimit = createLoaded<{ readonly limit: RateLimit | null }, UserKey>(
  (key) => data.rateLimit(partsOfUser(key)),
  accountOf,
);

/** The experimental features that can be switched for each user. */
export const userFeatures = createLoaded<readonly { readonly id: string; readonly enabled: boolean }[], UserKey>(
  async (key) => (await data.features(partsOfUser(key))).features,
  accountOf,
);

/** Which terms each user has agreed to. */
export const userConsent = createLoaded<Awaited<ReturnType<typeof data.consent>>, UserKey>(
  (key) => data.consent(partsOfUser(key)),
  accountOf,
);

/** Each user's picture, small. */
export const userAvatar = createLoaded<{ readonly image: Uint8Array<ArrayBuffer> | null }, UserKey>(
  (key) => data.avatar(partsOfUser(key)),
  accountOf,
);
