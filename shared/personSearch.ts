import type { UserFilter } from "./contract/users.ts";

/** So many accounts can be ended in one off-boarding, on as many servers. */
export const MAX_OFFBOARDED = 200;

/** How a person is looked for on a server: among everybody, those who are deactivated too, without users of bridges. */
export const searchEverybody = (search: string): UserFilter => ({
  search,
  kind: "all",
  seen: "any",
  created: null,
  lastSeen: null,
  withoutHidden: true,
  sort: "name",
  descending: false,
});
