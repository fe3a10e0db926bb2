import * as z from "zod";
import { AccountId, DeviceId, UserId } from "../ids.ts";
import { readContactEmail, readMsisdn } from "../fields.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN, FILES_HERE } from "./errorKinds.ts";
import { typed } from "./typed.ts";

/** A user of a homeserver as its list names them. What an older server does not say is null. */
export const UserRow = z.object({
  userId: UserId,
  displayName: z.string().max(1000).nullable(),
  admin: z.boolean(),
  guest: z.boolean(),
  deactivated: z.boolean(),
  erased: z.boolean().nullable(),
  locked: z.boolean().nullable(),
  shadowBanned: z.boolean().nullable(),
  /** `bot`, `support` or a type of the server's own; null for a person. */
  userType: z.string().max(255).nullable(),
  /** Milliseconds since 1970. */
  createdAt: z.number().nullable(),
  /** Milliseconds since 1970. Null means that it is not known: servers forget it after some weeks. */
  lastSeenAt: z.number().nullable(),
});
export type UserRow = z.infer<typeof UserRow>;

/** An email address or phone number of a user. */
export const UserThreepid = z.object({
  medium: z.enum(["email", "msisdn"]),
  address: z.string().min(1).max(500),
});
export type UserThreepid = z.infer<typeof UserThreepid>;

/** One that somebody is given: a server checks little of it, and would keep two addresses as one, or a number that nobody is found by. */
export const NewThreepid = z.discriminatedUnion("medium", [
  z.object({ medium: z.literal("email"), address: typed(readContactEmail) }),
  z.object({ medium: z.literal("msisdn"), address: typed(readMsisdn) }),
]);

/** Whom a provider of single sign-on knows a user as. */
export const ExternalId = z.object({
  provider: z.string().min(1).max(255),
  id: z.string().min(1).max(1000),
});
export type ExternalId = z.infer<typeof ExternalId>;

/** Everything that a server says of one user. */
export const User = UserRow.extend({
  avatarMxc: z.string().max(2048).nullable(),
  suspended: z.boolean().nullable(),
  threepids: z.array(UserThreepid),
  externalIds: z.array(ExternalId),
  /** The bridge or other application service that the user belongs to. */
  appserviceId: z.string().max(255).nullable(),
});
export type User = z.infer<typeof User>;

/** From a moment up to and without another, in milliseconds since 1970. Null: without end on that side. */
export const TimeSpan = z.object({ from: z.number().nullable(), to: z.number().nullable() });
export type TimeSpan = z.infer<typeof TimeSpan>;

/** Which users of a server are listed, and how. */
export const UserFilter = z.object({
  /** Part of a Matrix ID or of a display name; or a whole email address or phone number. */
  search: z.string().max(500),
  /**
   * `current`: not deactivated. `active`: those of them that are not locked either. `people`: those of `current` that are
   * neither guests nor of a type of their own; `bots` and `admins`: those of them; `hidden`: those whom `hidden` names, whatever
   * `withoutHidden` says. Who is suspended no list says, so each user is asked about; whom a server says nothing of is not among
   * `locked`, `shadowBanned`, `suspended` and `erased`.
   */
  kind: z.enum([
    "current",
    "active",
    "people",
    "bots",
    "admins",
    "guests",
    "locked",
    "suspended",
    "shadowBanned",
    "deactivated",
    "erased",
    "hidden",
    "all",
  ]),
  /** When they were last seen: longer ago than so many days, or the server does not know. */
  seen: z.enum(["any", "over30", "over90", "over365", "unknown"]),
  /** Leaves out those whom `hidden` names, as users of bridges. */
  withoutHidden: z.boolean(),
  /** When they were created, and when they were last seen; absent or null for any time. */
  created: TimeSpan.nullish(),
  lastSeen: TimeSpan.nullish(),
  sort: z.enum(["name", "createdAt"]),
  descending: z.boolean(),
});
export type UserFilter = z.infer<typeof UserFilter>;

export const UserPage = z.object({
  /** Those that pass the filter, and no others. May be empty although there are more. */
  rows: z.array(UserRow),
  /** Where the next page begins; null on the last one. */
  next: z.string().max(1000).nullable(),
  /** How many there are in all; null where only reading all of them would tell. */
  total: z.number().int().nonnegative().nullable(),
  /** False where the server cannot sort like that. */
  sorted: z.boolean(),
  /** False where the server does not say of somebody on this page whether they are of the kind that is asked for. */
  told: z.boolean(),
});
export type UserPage = z.infer<typeof UserPage>;

/** A device of a user, as the admin API lists it. */
export const UserDevice = z.object({
  deviceId: DeviceId,
  name: z.string().max(1000).nullable(),
  lastSeenIp: z.string().max(100).nullable(),
  /** Milliseconds since 1970; null where it is not known. */
  lastSeenAt: z.number().nullable(),
});
export type UserDevice = z.infer<typeof UserDevice>;

/** The same, and whether it is a session of this app: that is signed out on its own page, not by the way. */
export const ListedDevice = UserDevice.extend({ own: z.boolean() });
export type ListedDevice = z.infer<typeof ListedDevice>;

/** What can be changed of a user at once. What is left out stays as it is. */
export const UserDetails = z.object({
  /** An empty one removes it. */
  displayName: z.string().trim().max(256),
  admin: z.boolean(),
  /** Null for a person. */
  userType: z.string().min(1).max(255).nullable(),
});
export type UserDetails = z.infer<typeof UserDetails>;

/** Names of bridge users, as localparts with `*` for anything. */
const patterns = z.object({ patterns: z.array(z.string().trim().min(1).max(255)).max(100) });

const one = z.object({ accountId: AccountId });
const oneUser = one.extend({ userId: UserId });
const devices = z.object({ devices: z.array(ListedDevice) });
/** What was changed, and whether somebody else had changed it since it was last read. */
const changedContacts = z.object({ user: User, changedMeanwhile: z.boolean() });

/** Users of an account's own server, for its admins. All throw as `AdminApi` does. */
export const users = domain({
  requests: {
    /** A page of the list, from where the page before said. */
    list: request(one.extend({ filter: UserFilter, from: z.string().max(1000).nullable() }), UserPage, ANY_ADMIN),
    /** All that the list would show, in its order. */
    ids: request(one.extend({ filter: UserFilter }), z.object({ userIds: z.array(UserId) }), ANY_ADMIN),
    /** Those of some users whom the list would show, as it shows them, in its order. */
    rows: request(
      one.extend({ filter: UserFilter, userIds: z.array(UserId).max(100_000) }),
      z.object({ rows: z.array(UserRow) }),
      ANY_ADMIN,
    ),
    hidden: request(one, patterns, ["no_such_account"]),
    setHidden: request(one.extend(patterns.shape), patterns, [...FILES_HERE, "no_such_account", "bad_answer"]),
    get: request(oneUser, User, ANY_ADMIN),
    /**
     * Changes what `changes` names, if it still is as `seen`. Throws `changed_meanwhile` where it is not, and
     * `change_not_taken` where the server answers that it is otherwise all the same.
     */
    change: request(oneUser.extend({ changes: UserDetails.partial(), seen: UserDetails.partial() }), User, [
      ...ANY_ADMIN,
      "change_not_taken",
      "changed_meanwhile",
      "not_allowed_by_server",
    ]),
    /** Adds one contact to those that the user has then. Throws `contact_of_other_user`. */
    addThreepid: request(oneUser.extend({ threepid: NewThreepid, seen: z.array(UserThreepid) }), changedContacts, [
      ...ANY_ADMIN,
      "change_not_taken",
      "contact_of_other_user",
      "not_allowed_by_server",
    ]),
    removeThreepid: request(oneUser.extend({ threepid: UserThreepid, seen: z.array(UserThreepid) }), changedContacts, [
      ...ANY_ADMIN,
      "change_not_taken",
      "contact_of_other_user",
      "not_allowed_by_server",
    ]),
    addExternalId: request(oneUser.extend({ externalId: ExternalId, seen: z.array(ExternalId) }), changedContacts, [
      ...ANY_ADMIN,
      "change_not_taken",
      "contact_of_other_user",
    ]),
    removeExternalId: request(oneUser.extend({ externalId: ExternalId, seen: z.array(ExternalId) }), changedContacts, [
      ...ANY_ADMIN,
      "change_not_taken",
      "contact_of_other_user",
    ]),
    devices: request(oneUser, devices, ANY_ADMIN),
    /** An empty name removes it. */
    renameDevice: request(oneUser.extend({ deviceId: DeviceId, name: z.string().trim().max(255) }), devices, ANY_ADMIN),
    /** Signs these out, but for sessions of this app; those that have gone meanwhile are no error. */
    signOutDevices: request(oneUser.extend({ deviceIds: z.array(DeviceId).min(1).max(50_000) }), devices, ANY_ADMIN),
    /** The rooms that a user has joined; those that are asked about by name are the first ones. */
    rooms: request(
      oneUser,
      z.object({
        rooms: z.array(z.object({ roomId: z.string().max(255), name: z.string().max(1000).nullable() })),
        total: z.number().int(),
      }),
      ANY_ADMIN,
    ),
  },
  events: {},
});
