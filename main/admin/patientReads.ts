import type { User } from "../../shared/contract/users.ts";
import type { AppFailure } from "../../shared/errors.ts";
import { Pace } from "../jobs/pace.ts";
import type { AdminApi } from "./adminApi.ts";
import { PatientApi, RowFailure } from "./bulk/patientApi.ts";
import type { Ask } from "./userList.ts";

/** How many questions are under way at once: users are only read. */
const PACE = { start: 4, most: 8 };

/**
 * Reads of a server by work that takes long: nobody waits for an answer now, so the server is waited for.
 *
 * @param firstWaitMs in place of the first wait for a server that is away, in milliseconds
 */
export function patientReads(api: AdminApi, signal: AbortSignal, firstWaitMs?: number): { pace: Pace; patient: PatientApi; ask: Ask } {
  const pace = new Pace(PACE);
  const waiting = (): void => undefined;
  const patient = new PatientApi({ api, pace, signal, waiting, ...(firstWaitMs !== undefined && { firstWaitMs }) });
  return { pace, patient, ask: (question) => patient.read((admin) => question(admin, { signal })) };
}

/** A user with contacts; null for one who is gone meanwhile, and why where the server does not tell of this one. */
export async function readUserOrWhyNot(api: PatientApi, userId: string): Promise<User | AppFailure | null> {
  try {
    return await api.user(userId);
  } catch (thrown) {
    if (thrown instanceof RowFailure) return thrown;
    throw thrown;
  }
}
