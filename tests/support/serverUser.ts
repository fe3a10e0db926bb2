import type { User } from "../../shared/contract/users.ts";

/** A user of a homeserver, as an admin is shown them: active, and nothing special. */
export const ANN: User = {
  userId: "@ann:one.test",
  displayName: "Ann",
  admin: false,
  guest: false,
  deactivated: false,
  erased: false,
  locked: false,
  shadowBanned: false,
  userType: null,
  createdAt: null,
  lastSeenAt: null,
  avatarMxc: null,
  suspended: false,
  threepids: [],
  externalIds: [],
  appserviceId: null,
};
