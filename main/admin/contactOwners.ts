import * as z from "zod";
import type { ExternalId, UserThreepid } from "../../shared/contract/users.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AdminApi, AdminRequest } from "./adminApi.ts";

/** As `AdminApi.user` has it. */
type How = Pick<AdminRequest<z.ZodType>, "repeatable" | "signal">;

const Owner = z.object({ user_id: z.string() });

/** What tells external ids apart. */
export const externalKey = ({ provider, id }: ExternalId): string => JSON.stringify([provider, id]);

/**
 * Who has this email address or phone number; null where nobody has, and where the server cannot say.
 * (Synapse, "Find a user based on their Third Party ID")
 */
export async function ownerOf(api: AdminApi, { medium, address }: UserThreepid, how: How = { repeatable: true }): Promise<string | null> {
  const looked = medium === "email" ? address.toLowerCase() : address;
  try {
    const path = ["v1", "threepid", medium, "users", looked];
    return (await api.request({ path, schema: Owner, ...how })).user_id;
  } catch (thrown) {
    if (thrown instanceof AppFailure && ["not_found", "admin_api_lacks"].includes(thrown.error.kind)) return null;
    throw thrown;
  }
}

/**
 * Synapse, "Find a user based on their ID in an auth provider"; null where nobody is known by it, or the server cannot say. Synapse
 * goes on naming a user whose id was taken off by way of the whole list, so the user is asked as well.
 */
export async function ownerOfExternalId(
  api: AdminApi,
  { provider, id }: ExternalId,
  how: How = { repeatable: true },
): Promise<string | null> {
  try {
    const path = ["v1", "auth_providers", provider, "users", id];
    const { user_id: owner } = await api.request({ path, schema: Owner, ...how });
    const { externalIds } = await api.user(owner, how);
    return externalIds.some((one) => externalKey(one) === externalKey({ provider, id })) ? owner : null;
  } catch (thrown) {
    if (thrown instanceof AppFailure && ["not_found", "admin_api_lacks"].includes(thrown.error.kind)) return null;
    throw thrown;
  }
}
