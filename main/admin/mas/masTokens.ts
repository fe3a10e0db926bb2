import type { RegistrationToken } from "../../../shared/contract/registrationTokens.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { sendOnce } from "../../http/lostAnswer.ts";
import type { MasApi, MasToken } from "./masApi.ts";

/** The registration tokens that a service keeps and that have not been revoked: it deletes none. */
export async function listMasTokens(mas: MasApi): Promise<RegistrationToken[]> {
  return (await mas.registrationTokens()).filter(({ revoked }) => !revoked).map(asShown);
}

/** @throws `not_found` */
export async function readMasToken(mas: MasApi, token: string): Promise<RegistrationToken> {
  return asShown(await find(mas, token));
}

/** Makes one of this name. @throws what the service says where it has made none */
export async function createMasToken(
  mas: MasApi,
  wanted: { token: string; usesAllowed: number | null; expiresAt: number | null },
): Promise<void> {
  const lost = await sendOnce(() => mas.createRegistrationToken(wanted.token, wanted.usesAllowed, wanted.expiresAt));
  if (lost === null) return;
  // Nobody else makes one of that name. Where it cannot be looked for, nobody knows.
  const tokens = await mas.registrationTokens().catch(() => []);
  if (!tokens.some(({ token }) => token === wanted.token)) throw new AppFailure(lost);
}

/** Changes what is named, and leaves the rest. @throws `not_found`, and what the service says */
export async function changeMasToken(
  mas: MasApi,
  token: string,
  changes: { usesAllowed?: number | null | undefined; expiresAt?: number | null | undefined },
): Promise<RegistrationToken> {
  await mas.changeRegistrationToken((await find(mas, token)).id, changes.usesAllowed, changes.expiresAt);
  return readMasToken(mas, token);
}

/** Revokes it, if it is there. */
export async function revokeMasToken(mas: MasApi, token: string): Promise<void> {
  for (const one of await mas.registrationTokens()) {
    if (one.token === token && !one.revoked) await mas.revokeRegistrationToken(one.id);
  }
}

async function find(mas: MasApi, wanted: string): Promise<MasToken> {
  const found = (await mas.registrationTokens()).find(({ token, revoked }) => token === wanted && !revoked);
  if (found === undefined) throw fail("not_found");
  return found;
}

const asShown = ({ token, usageLimit, timesUsed, expiresAt }: MasToken): RegistrationToken => ({
  token,
  usesAllowed: usageLimit,
  pending: 0,
  completed: timesUsed,
  expiresAt,
  addressable: true,
});
