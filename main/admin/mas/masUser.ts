import type { User } from "../../../shared/contract/users.ts";
import { AppFailure, isFailure } from "../../../shared/errors.ts";
import { sendOnce } from "../../http/lostAnswer.ts";
import type { MasApi, MasUser } from "./masApi.ts";

/** A user as the authentication service has them where it counts: what it says reaches the homeserver later, or never. */
export function asServiceHas(user: User, { admin, locked, deactivated }: MasUser): User {
  return { ...user, admin, locked, deactivated };
}

/** What a service says that does not let itself be asked, or not by this account. */
const NOT_LET = ["admin_api_not_exposed", "admin_api_lacks", "forbidden", "not_found"] as const;

/** Whether a service lets an account use its admin API. @throws where it could not be asked now */
export async function letsItselfBeAsked(mas: MasApi, userId: string): Promise<boolean> {
  try {
    await mas.user(userId);
    return true;
  } catch (thrown) {
    if (NOT_LET.some((refusal) => isFailure(thrown, refusal))) return false;
    throw thrown;
  }
}

/** What a service knows of a user; null where there is no service, and for those whom it does not know, as those of bridges. */
export async function knownToService(service: MasApi | null, userId: string): Promise<MasUser | null> {
  if (service === null) return null;
  return service.user(userId).catch((thrown: unknown) => {
    if (isFailure(thrown, "not_found")) return null;
    throw thrown;
  });
}

/** Gives a user an email address, and looks whether they have it where the answer was lost. @throws as `MasApi.addEmail` does */
export async function addEmail(service: MasApi, id: string, email: string): Promise<void> {
  const lost = await sendOnce(() => service.addEmail(id, email));
  if (lost !== null && !(await service.hasEmail(id, email).catch(() => false))) throw new AppFailure(lost);
}
