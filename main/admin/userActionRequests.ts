import * as z from "zod";
import type { ActionResult } from "../../shared/contract/userActions.ts";
import type { User } from "../../shared/contract/users.ts";
import { type AppError, AppFailure, isFailure } from "../../shared/errors.ts";
import type { Password } from "../../shared/secret.ts";
import { lastAnswer, sendOnce } from "../http/lostAnswer.ts";
import { redactingPassword } from "../http/passwordRefusal.ts";
import type { AdminApi } from "./adminApi.ts";
import { identityResetPath } from "./userPaths.ts";

const Anything = z.unknown();
const Devices = z.object({ devices: z.array(z.unknown()) });
const JoinedRooms = z.object({ joined_rooms: z.array(z.unknown()) });
const Updatable = z.object({ updatable_without_uia_before_ms: z.number() });

/** An action that was done, with nothing else to say of it. */
export const DONE = {
  status: "done",
  credentialsId: null,
  until: null,
  roomsLeft: null,
  nameLost: false,
  identity: null,
  unlocked: null,
  sessionsLeft: false,
  media: null,
} as const;

/** Sends something once, and reads what is so then. @throws what the server says where it has not done it */
export async function settle(
  api: AdminApi,
  userId: string,
  send: () => Promise<unknown>,
  isSo: (user: User) => boolean,
): Promise<ActionResult> {
  const lost = await sendOnce(send);
  const user = await api.user(userId).catch(() => null);
  if (user === null) return lost ? unknown(lost) : { ...DONE, user };
  if (isSo(user)) return { ...DONE, user };
  return lost ? { status: "still_running", error: lost } : { status: "without_effect", user };
}

/** What is said of an action whose answer was lost, and of which nobody sees whether it was done. */
export const unknown = (error: AppError): ActionResult => ({ status: "unknown", error, credentialsId: null });

/** Done twice it does no harm: the same password is set again. @throws what the server says where it has not done it, without the password */
export async function resetPassword(api: AdminApi, userId: string, password: Password, signOutSessions: boolean): Promise<ActionResult> {
  const send = (): Promise<unknown> =>
    api.request({
      method: "POST",
      path: ["v1", "reset_password", userId],
      body: { new_password: password, logout_devices: signOutSessions },
      schema: Anything,
      repeatable: true,
    });
  const lost = await sendOnce(() => redactingPassword(password, send()));
  return lost ? unknown(lost) : { ...DONE, user: await api.user(userId).catch(() => null) };
}

/** Lets a user set up a new identity without a password, for as long as the server says. */
export async function allowIdentityReset(api: AdminApi, userId: string): Promise<ActionResult> {
  try {
    const { updatable_without_uia_before_ms: until } = await api.request({
      method: "POST",
      path: identityResetPath(userId),
      body: {},
      schema: Updatable,
      repeatable: true,
    });
    return { ...DONE, until, user: await api.user(userId).catch(() => null) };
  } catch (thrown) {
    if (isFailure(lastAnswer(thrown), "not_found")) return { status: "no_identity" };
    throw thrown;
  }
}

/**
 * Servers have forgotten the profile of an erased user, and some did not make a new one (Synapse 1.150 to 1.156): so the name
 * of somebody who is active again is set afterwards, and read.
 *
 * @param name null for none that is wanted
 */
export async function giveName(
  api: AdminApi,
  userId: string,
  name: string | null,
  now: User | null,
): Promise<{ user: User | null; nameLost: boolean }> {
  if (name === null || now?.displayName === name) return { user: now, nameLost: false };
  await api.changeUser(userId, { displayname: name }).catch(() => null);
  const user = await api.user(userId).catch(() => now);
  return { user, nameLost: user?.displayName !== name };
}

/** Makes a user active again, by the homeserver itself. */
export async function reactivate(api: AdminApi, userId: string, password: Password | null, name: string | null): Promise<ActionResult> {
  const send = (): Promise<unknown> =>
    redactingPassword(password, api.changeUser(userId, { deactivated: false, ...(password !== null && { password }) }));
  const result = await settle(api, userId, send, ({ deactivated }) => !deactivated);
  return result.status === "done" ? { ...result, ...(await giveName(api, userId, name, result.user)) } : result;
}

/** How many sessions a user has. @throws as `AdminApi` does */
export async function sessionsOf(api: AdminApi, userId: string): Promise<number> {
  return (await api.request({ path: ["v2", "users", userId, "devices"], schema: Devices })).devices.length;
}

/** How many rooms a user is in. @throws as `AdminApi` does */
export async function roomsOf(api: AdminApi, userId: string): Promise<number> {
  return (await api.request({ path: ["v1", "users", userId, "joined_rooms"], schema: JoinedRooms })).joined_rooms.length;
}

/**
 * Lets somebody in again who is locked out: the password first, so that whoever else may know the old one is out before the
 * account is unlocked. What fails after the password was set is told, and costs nothing of what was done.
 *
 * @param by how the password is set and the account unlocked, where that is wanted
 * @throws what the server says, where nothing was done
 */
export async function helpLockedOut(
  api: AdminApi,
  userId: string,
  by: { reset?: () => Promise<ActionResult>; unlock?: () => Promise<ActionResult> },
  mayResetIdentity: boolean,
): Promise<ActionResult> {
  const reset = (await by.reset?.()) ?? { ...DONE, user: null };
  if (reset.status !== "done") return reset;
  const allowed = mayResetIdentity ? await allowIdentityReset(api, userId).catch(failed) : null;
  const unlocked = by.unlock ? await by.unlock().catch(failed) : null;
  const identity = allowed === null ? null : allowed.status === "done" ? "allowed" : allowed.status === "no_identity" ? "none" : "failed";
  return {
    ...DONE,
    user: await api.user(userId).catch(() => null),
    until: allowed?.status === "done" ? allowed.until : null,
    identity,
    unlocked: unlocked === null ? null : unlocked.status === "done",
    sessionsLeft: reset.sessionsLeft,
  };
}

function failed(thrown: unknown): { status: "failed" } {
  if (!(thrown instanceof AppFailure)) throw thrown;
  return { status: "failed" };
}
