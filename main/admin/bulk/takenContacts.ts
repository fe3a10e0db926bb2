import * as z from "zod";
import { isFailure } from "../../../shared/errors.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";
import type { ReadUser } from "../csv/readUsers.ts";
import type { PatientApi } from "./patientApi.ts";
import { skipped } from "./rowEnds.ts";

const Owner = z.object({ user_id: z.string().max(300) });

/**
 * Whether somebody else has one of a user's addresses or external ids: null where nobody has. Synapse takes an email address
 * away from whoever had it, without a word.
 */
export async function findTakenContact(
  api: PatientApi,
  { userId, threepids, externalIds: wanted }: Pick<ReadUser, "userId" | "threepids" | "externalIds">,
): Promise<RowEnd | null> {
  for (const { medium, address } of threepids) {
    const owner = await ownerOf(api, ["v1", "threepid", medium, "users", address]);
    if (owner !== null && owner !== userId) return skipped(medium === "email" ? "email_taken" : "phone_taken", address, owner);
  }
  for (const { provider, id } of wanted) {
    const owner = await ownerOf(api, ["v1", "auth_providers", provider, "users", id]);
    if (owner === null || owner === userId) continue;
    // A server goes on naming a user whose id was taken off by way of the whole list.
    const externalIds = (await api.user(owner))?.externalIds ?? [];
    const stillHas = externalIds.some((one) => one.provider === provider && one.id === id);
    if (stillHas) return skipped("external_id_taken", `${provider}:${id}`, owner);
  }
  return null;
}

/** Null where it is nobody's, and where the server is too old to say. */
async function ownerOf(api: PatientApi, path: readonly string[]): Promise<string | null> {
  try {
    const found = await api.readOrNull((admin) => admin.request({ path, schema: Owner }));
    return found?.user_id ?? null;
  } catch (thrown) {
    if (isFailure(thrown, "admin_api_lacks")) return null;
    throw thrown;
  }
}
