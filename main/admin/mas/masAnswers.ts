import * as z from "zod";

/** A user as Matrix Authentication Service has them. */
export interface MasUser {
  /** Its own name for them. */
  id: string;
  /** Whether they may ask for the scopes of an admin. */
  admin: boolean;
  locked: boolean;
  deactivated: boolean;
  /** Milliseconds since 1970; null where the service does not say. */
  createdAt: number | null;
}

/** A registration token as the service has it. */
export interface MasToken {
  id: string;
  token: string;
  /** Null for one that works without end. */
  usageLimit: number | null;
  timesUsed: number;
  /** Milliseconds since 1970; null for never. */
  expiresAt: number | null;
  revoked: boolean;
}

// What the service answers, as far as it is read here: its published description, `/api/admin/v1`.

export const Id = z.string().regex(/^[0-9A-Za-z]{1,64}$/);
export const UserResource = z
  .object({
    id: Id,
    attributes: z.object({
      admin: z.boolean(),
      locked_at: z.string().nullish(),
      deactivated_at: z.string().nullish(),
      created_at: z.iso.datetime({ offset: true }).nullish().catch(null),
    }),
  })
  .transform(({ id, attributes }): MasUser => ({
    id,
    admin: attributes.admin,
    locked: attributes.locked_at != null,
    deactivated: attributes.deactivated_at != null,
    createdAt: attributes.created_at == null ? null : Date.parse(attributes.created_at),
  }));
export const OneUser = z.object({ data: UserResource });
export const Page = z.object({ data: z.array(z.object({ id: Id })).nullish() });
const text = z.string().max(8192).nullish().catch(null);
export const SessionPage = z.object({
  data: z.array(z.object({ id: Id, attributes: z.object({ scope: text, device_id: text }) })).nullish(),
});
const moment = z.iso.datetime({ offset: true }).nullish();
export const TokenPage = z.object({
  data: z
    .array(
      z
        .object({
          id: Id,
          attributes: z.object({
            token: z.string().min(1).max(64),
            usage_limit: z.number().int().nonnegative().nullish(),
            times_used: z.number().int().nonnegative(),
            expires_at: moment,
            revoked_at: moment,
          }),
        })
        .transform(({ id, attributes }): MasToken => ({
          id,
          token: attributes.token,
          usageLimit: attributes.usage_limit ?? null,
          timesUsed: attributes.times_used,
          expiresAt: attributes.expires_at == null ? null : Date.parse(attributes.expires_at),
          revoked: attributes.revoked_at != null,
        })),
    )
    .nullish(),
});
const name = z.string().min(1).max(255).nullish().catch(null);
export const LinkPage = z.object({
  data: z
    .array(z.object({ id: Id, attributes: z.object({ provider_id: Id, subject: z.string().min(1).max(1000), user_id: Id.nullish() }) }))
    .nullish(),
});
export const ProviderPage = z.object({
  data: z
    .array(
      z.object({ id: Id, attributes: z.object({ human_name: name, brand_name: name, issuer: name, disabled_at: z.string().nullish() }) }),
    )
    .nullish(),
});
export const OtherSessionPage = z.object({
  data: z
    .array(
      z.object({
        id: Id,
        attributes: z.object({ user_agent: text, human_name: text, last_active_ip: text, last_active_at: moment.catch(null) }),
      }),
    )
    .nullish(),
});
export const OneUsername = z.object({ data: z.object({ attributes: z.object({ username: z.string().max(255) }) }) });
export const SiteConfig = z.looseObject({ password_login_enabled: z.boolean().optional().catch(undefined) });
export const EmailPage = z.object({ data: z.array(z.object({ id: Id, attributes: z.object({ email: z.string() }) })).nullish() });
