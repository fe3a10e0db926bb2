import * as z from "zod";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { ActionPreview, ActionResult, UserAction } from "../../shared/contract/userActions.ts";
import type { User } from "../../shared/contract/users.ts";
import { type AppError, AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { mayBeDone } from "../http/lostAnswer.ts";
import { withoutPassword } from "../http/passwordRefusal.ts";
import type { Logger } from "../logging/logger.ts";
import { KeyedQueue } from "../storage/keyedQueue.ts";
import { newId } from "../storage/newId.ts";
import type { ActionLog, Ended } from "./actionLog.ts";
import type { AdminApi } from "./adminApi.ts";
import type { Credentials } from "./credentials.ts";
import { FOR_GOOD, hasChanged, isLastAdmin, refusalOf } from "./userState.ts";

export interface UserActionsParts {
  adminApiOf: (accountId: AccountId) => AdminApi;
  /** The Matrix IDs of all accounts of this app. */
  ownUserIds: () => readonly string[];
  /** Whether an authentication service looks after the server's accounts. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  /** Whether people sign in to the account's server with passwords that it keeps. */
  takesPasswords: (accountId: AccountId) => Promise<boolean>;
  credentials: Pick<Credentials, "choose" | "confirm" | "forget">;
  log: Pick<ActionLog, "record">;
  emit: Emit;
  logger: Logger;
  /** In place of how long a deactivation may take. */
  deactivationMs?: number;
}

type Requests = Handlers["userActions"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** How long what was shown may be acted on, in milliseconds. */
const PREVIEW_LIFETIME_MS = 10 * 60_000;
/** A deactivation takes leave of every room and device before it is answered. Milliseconds. */
const DEACTIVATION_MS = 3 * 60_000;

interface Shown {
  accountId: AccountId;
  preview: ActionPreview;
  until: number;
}

const Anything = z.unknown();
const Devices = z.object({ devices: z.array(z.unknown()) });
const JoinedRooms = z.object({ joined_rooms: z.array(z.unknown()) });
const Updatable = z.object({ updatable_without_uia_before_ms: z.number() });

const DONE = { status: "done", credentialsId: null, until: null, roomsLeft: null, nameLost: false } as const;

/**
 * What an admin does to one user. Nothing is done that was not shown before: `preview` reads the user and hands out a token
 * that works once; `perform` reads them again and does nothing where they are not as they were. A request whose answer is
 * lost is not sent again: the user is read.
 */
export class UserActionsService implements Requests {
  readonly #parts: UserActionsParts;
  readonly #shown = new Map<ConversationId, Shown>();
  /** One after the other on each server, so that two admins do not lock each other out from here. */
  readonly #turns = new KeyedQueue<string>();

  constructor(parts: UserActionsParts) {
    this.#parts = parts;
  }

  /** @throws `not_found`, `not_own_server`, and what the server says */
  async preview({ accountId, userId, action }: Input<"preview">): Promise<ActionPreview> {
    const { adminApiOf, logger, isDelegated, takesPasswords, ownUserIds } = this.#parts;
    const api = adminApiOf(accountId);
    const orNull = <T>(asked: Promise<T>): Promise<T | null> =>
      asked.catch((error: unknown) => {
        logger.info("a part of what an action would cost is not known", { accountId, error });
        return null;
      });
    const [user, sessions, rooms, delegated, passwords] = await Promise.all([
      api.user(userId),
      orNull(sessionsOf(api, userId)),
      orNull(roomsOf(api, userId)),
      isDelegated(accountId),
      orNull(takesPasswords(accountId)),
    ]);
    const judged = { action, user, actor: api.userId, rooms, delegated, isLastAdmin: () => isLastAdmin(api, userId) };
    const refusal = await refusalOf(judged);
    const ownAccount = ownUserIds().includes(user.userId);
    const token = refusal === null ? newId<ConversationId>() : null;
    const isOther = user.userId !== api.userId;
    const typed = FOR_GOOD.has(action) || (ownAccount && isOther);
    const preview = { action, user, refusal, token, typed, ownAccount, sessions, rooms, passwords };
    if (token !== null) this.#remember(token, { accountId, preview, until: Date.now() + PREVIEW_LIFETIME_MS });
    return preview;
  }

  #remember(token: ConversationId, shown: Shown): void {
    for (const [old, { until }] of this.#shown) if (until < Date.now()) this.#shown.delete(old);
    this.#shown.set(token, shown);
  }

  /** @throws `conversation_over`, `not_confirmed`, `password_refused`, and what the server says */
  async perform(input: Input<"perform">): Promise<ActionResult> {
    const { accountId, token, typed } = input;
    const shown = this.#shown.get(token);
    if (shown?.accountId !== accountId || shown.until < Date.now()) throw fail("conversation_over");
    const { preview } = shown;
    if (preview.typed && typed.trim().toLowerCase() !== preview.user.userId.toLowerCase()) throw fail("not_confirmed");
    if (preview.action === "reset_password" && input.password.kind === "none") {
      throw fail("invalid_input", { issues: ["password: empty"] });
    }
    this.#shown.delete(token);
    const api = this.#parts.adminApiOf(accountId);
    const result = await this.#turns.run(api.serverName, () => this.#perform(api, input, preview));
    this.#parts.emit("userActions.done", { accountId, userId: preview.user.userId });
    return result;
  }

  async #perform(api: AdminApi, input: Input<"perform">, preview: ActionPreview): Promise<ActionResult> {
    const { credentials, log, isDelegated } = this.#parts;
    const { accountId } = input;
    const { action, rooms } = preview;
    const { userId } = preview.user;
    const [user, delegated] = await Promise.all([api.user(userId), isDelegated(accountId)]);
    if (hasChanged(preview.user, user)) return { status: "changed" };
    const judged = { action, user, actor: api.userId, rooms, delegated, isLastAdmin: () => isLastAdmin(api, userId) };
    if ((await refusalOf(judged)) !== null) return { status: "changed" };
    const setsPassword = action === "reset_password" || action === "reactivate";
    const chosen = setsPassword ? await credentials.choose(accountId, userId, input.password) : null;
    let result: ActionResult | null = null;
    try {
      const send = (): Promise<ActionResult> => this.#send(api, action, userId, input, chosen?.password ?? null);
      result = await log.record({ actor: api.userId, target: userId, action }, send, logged);
    } finally {
      const mayBeSet = result?.status === "unknown" || result?.status === "still_running";
      if (chosen && result?.status === "done") await credentials.confirm(accountId, chosen.credentialsId);
      else if (chosen && !mayBeSet) await credentials.forget(accountId, chosen.credentialsId);
    }
    return chosen && "credentialsId" in result ? { ...result, credentialsId: chosen.credentialsId } : result;
  }

  async #send(api: AdminApi, action: UserAction, userId: string, input: Input<"perform">, password: string | null): Promise<ActionResult> {
    const put = (path: readonly string[], method: "PUT" | "POST" | "DELETE", body: object): Promise<unknown> =>
      api.request({ method, path, body, schema: Anything });
    switch (action) {
      case "reset_password":
        return resetPassword(api, userId, password ?? "", input.signOutSessions);
      case "allow_new_identity":
        return allowIdentityReset(api, userId);
      case "lock":
      case "unlock":
        return settle(api, userId, () => api.changeUser(userId, { locked: action === "lock" }), (user) => user.locked === (action === "lock"));
      case "suspend":
      case "unsuspend": {
        const suspend = action === "suspend";
        const isSo = ({ suspended }: User): boolean => suspended === null || suspended === suspend;
        return settle(api, userId, () => put(["v1", "suspend", userId], "PUT", { suspend }), isSo);
      }
      case "shadow_ban":
      case "lift_shadow_ban": {
        const banned = action === "shadow_ban";
        const isSo = ({ shadowBanned }: User): boolean => shadowBanned === null || shadowBanned === banned;
        return settle(api, userId, () => put(["v1", "users", userId, "shadow_ban"], banned ? "POST" : "DELETE", {}), isSo);
      }
      case "deactivate":
      case "erase":
        return this.#deactivate(api, userId, action === "erase");
      case "reactivate":
        return reactivate(api, userId, password, input.displayName);
    }
  }

  async #deactivate(api: AdminApi, userId: string, erase: boolean): Promise<ActionResult> {
    const timeoutMs = this.#parts.deactivationMs ?? DEACTIVATION_MS;
    const send = (): Promise<unknown> =>
      api.request({ method: "POST", path: ["v1", "deactivate", userId], body: { erase }, schema: Anything, timeoutMs });
    const result = await settle(api, userId, send, ({ deactivated, erased }) => deactivated && !(erase && erased === false));
    if (result.status !== "done") return result;
    return { ...result, roomsLeft: await roomsOf(api, userId).catch(() => null) };
  }
}

/** Sends something once, and reads what is so then. @throws what the server says where it has not done it */
async function settle(
  api: AdminApi,
  userId: string,
  send: () => Promise<unknown>,
  isSo: (user: User) => boolean,
): Promise<ActionResult> {
  let lost: AppError | null = null;
  try {
    await send();
  } catch (thrown) {
    if (!(thrown instanceof AppFailure) || !mayBeDone(thrown)) throw thrown;
    lost = thrown.error;
  }
  const user = await api.user(userId).catch(() => null);
  if (user === null) return lost ? { status: "unknown", error: lost, credentialsId: null } : { ...DONE, user };
  if (isSo(user)) return { ...DONE, user };
  return lost ? { status: "still_running", error: lost } : { status: "without_effect", user };
}

/** Done twice it does no harm: the same password is set again. */
async function resetPassword(api: AdminApi, userId: string, password: string, signOutSessions: boolean): Promise<ActionResult> {
  try {
    await api.request({
      method: "POST",
      path: ["v1", "reset_password", userId],
      body: { new_password: password, logout_devices: signOutSessions },
      schema: Anything,
      repeatable: true,
    });
  } catch (thrown) {
    const failure = withoutPassword(thrown, password);
    if (failure instanceof AppFailure && mayBeDone(failure)) return { status: "unknown", error: failure.error, credentialsId: null };
    throw failure;
  }
  return { ...DONE, user: await api.user(userId).catch(() => null) };
}

async function allowIdentityReset(api: AdminApi, userId: string): Promise<ActionResult> {
  try {
    const { updatable_without_uia_before_ms: until } = await api.request({
      method: "POST",
      path: ["v1", "users", userId, "_allow_cross_signing_replacement_without_uia"],
      body: {},
      schema: Updatable,
      repeatable: true,
    });
    return { ...DONE, until, user: await api.user(userId).catch(() => null) };
  } catch (thrown) {
    if (isFailure(thrown, "not_found")) return { status: "no_identity" };
    throw thrown;
  }
}

/**
 * Servers have forgotten the profile of an erased user, and some did not make a new one (Synapse 1.150 to 1.156): so the name
 * is set afterwards, and read.
 */
async function reactivate(api: AdminApi, userId: string, password: string | null, name: string | null): Promise<ActionResult> {
  const send = async (): Promise<void> => {
    try {
      await api.changeUser(userId, { deactivated: false, ...(password !== null && { password }) });
    } catch (thrown) {
      throw password === null ? thrown : withoutPassword(thrown, password);
    }
  };
  const result = await settle(api, userId, send, ({ deactivated }) => !deactivated);
  if (result.status !== "done" || name === null || result.user?.displayName === name) return result;
  await api.changeUser(userId, { displayname: name }).catch(() => null);
  const user = await api.user(userId).catch(() => result.user);
  return { ...result, user, nameLost: user?.displayName !== name };
}

async function sessionsOf(api: AdminApi, userId: string): Promise<number> {
  return (await api.request({ path: ["v2", "users", userId, "devices"], schema: Devices })).devices.length;
}

async function roomsOf(api: AdminApi, userId: string): Promise<number> {
  return (await api.request({ path: ["v1", "users", userId, "joined_rooms"], schema: JoinedRooms })).joined_rooms.length;
}

function logged(result: ActionResult): Ended {
  switch (result.status) {
    case "done":
      return { result: "done", detail: null };
    case "unknown":
    case "still_running":
      return { result: "unknown", detail: result.error.kind };
    default:
      return { result: "failed", detail: result.status };
  }
}
