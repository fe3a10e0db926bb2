import * as z from "zod";
import { ExternalId, User, UserRow, UserThreepid } from "../../shared/contract/users.ts";
import { UserId } from "../../shared/ids.ts";

/** Servers before Synapse 1.97 wrote 0 and 1. */
const Flag = z.union([z.boolean(), z.literal([0, 1]).transform((flag) => flag === 1)]);
/** What is not said, or not in a way that is understood, is not known. */
const MaybeFlag = Flag.nullish().catch(null);
const text = (longest: number) => z.string().max(longest).nullish().catch(null);

/** Later than any time that is meant in seconds, earlier than most that are meant in milliseconds: 1973, or the year 5138. */
const FIRST_MS = 100_000_000_000;

/** Synapse's list gives this in milliseconds and the answer about one user in seconds. */
const Created = z
  .number()
  .positive()
  .transform((time) => (time < FIRST_MS ? time * 1000 : time))
  .nullish()
  .catch(null);

/** A user as the list names them (Synapse, "List Accounts", v2 and v3). */
const ServerUserRow = z.object({
  name: UserId,
  displayname: text(1000),
  admin: Flag,
  is_guest: MaybeFlag,
  deactivated: Flag,
  erased: MaybeFlag,
  locked: MaybeFlag,
  shadow_banned: MaybeFlag,
  user_type: text(255),
  creation_ts: Created,
  last_seen_ts: z.number().positive().nullish().catch(null),
});

/** What one is asked about says besides (Synapse, "Query User Account"). */
const ServerUser = ServerUserRow.extend({
  avatar_url: text(2048),
  suspended: MaybeFlag,
  threepids: z.array(z.unknown()).nullish(),
  external_ids: z.array(z.unknown()).nullish(),
  appservice_id: text(255),
});

const ServerExternalId = z.object({ auth_provider: ExternalId.shape.provider, external_id: ExternalId.shape.id });

function rowOf(raw: z.output<typeof ServerUserRow>): UserRow {
  return {
    userId: raw.name,
    displayName: raw.displayname ?? null,
    admin: raw.admin,
    guest: raw.is_guest === true,
    deactivated: raw.deactivated,
    erased: raw.erased ?? null,
    locked: raw.locked ?? null,
    shadowBanned: raw.shadow_banned ?? null,
    userType: raw.user_type || null,
    createdAt: raw.creation_ts ?? null,
    lastSeenAt: raw.last_seen_ts ?? null,
  };
}

/** One line of the list, whichever server wrote it. */
export const RowAnswer = ServerUserRow.transform(rowOf).pipe(UserRow);

/** One user, whichever server wrote it. Contacts that cannot be shown are left out, and nothing is made of what is missing. */
export const UserAnswer = ServerUser.transform((raw): User => ({
  ...rowOf(raw),
  avatarMxc: raw.avatar_url || null,
  suspended: raw.suspended ?? null,
  threepids: (raw.threepids ?? []).flatMap((threepid) => UserThreepid.safeParse(threepid).data ?? []),
  externalIds: (raw.external_ids ?? []).flatMap((given) => {
    const { data } = ServerExternalId.safeParse(given);
    return data === undefined ? [] : [{ provider: data.auth_provider, id: data.external_id }];
  }),
  appserviceId: raw.appservice_id || null,
})).pipe(User);
