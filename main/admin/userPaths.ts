// Paths of Synapse's admin API, below `/_synapse/admin`, that are sent to and asked for in more than one place.

/** "Suspend/Unsuspend Account": since 1.113 as an experimental feature, for all servers some versions later. */
export const suspensionPath = (userId: string): readonly string[] => ["v1", "suspend", userId];

/** "Controlling whether a user is shadow-banned". */
export const shadowBanPath = (userId: string): readonly string[] => ["v1", "users", userId, "shadow_ban"];

/** "Allow replacing master cross-signing key without User-Interactive Auth": since 1.97. */
export const identityResetPath = (userId: string): readonly string[] => [
  "v1",
  "users",
  userId,
  "_allow_cross_signing_replacement_without_uia",
];
