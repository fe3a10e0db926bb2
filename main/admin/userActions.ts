import * as z from "zod";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { ActionPreview, ActionResult, UserAction } from "../../shared/contract/userActions.ts";
import type { User } from "../../shared/contract/users.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import type { Password } from "../../shared/secret.ts";
import { isRefused } from "../http/lostAnswer.ts";
import type { Logger } from "../logging/logger.ts";
import { KeyedQueue } from "../storage/keyedQueue.ts";
import { newId } from "../storage/newId.ts";
import type { ActionLog, Ended } from "./actionLog.ts";
import type { AdminApi } from "./adminApi.ts";
import { changesOfUser } from "./changesOfUser.ts";
import type { Credentials } from "./credentials.ts";
import { actByService, asViewed, askService, type ServiceView } from "./mas/masActions.ts";
import type { MasApi } from "./mas/masApi.ts";
import { DONE, allowIdentityReset, helpLockedOut, reactivate, resetPassword, roomsOf, sessionsOf, settle } from "./userActionRequests.ts";
import { deleteUserMedia, sumUserMedia } from "./userMedia.ts";
import { shadowBanPath, suspensionPath } from "./userPaths.ts";
import { endpointOf, FOR_GOOD, hasChanged, isLastAdmin, type Judged, OF_THE_SERVICE, refusalOf } from "./userState.ts";

export interface UserActionsParts {
  adminApiOf: (accountId: AccountId) => AdminApi;
  /** The Matrix IDs of all accounts of this app. */
  ownUserIds: () => readonly string[];
  /** Whether an authentication service looks after the server's accounts. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  /** That service's own admin API. */
  masApiOf: (accountId: AccountId) => MasApi;
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
    const { adminApiOf, logger, takesPasswords, ownUserIds } = this.#parts;
    const api = adminApiOf(accountId);
    const orNull = <T>(asked: Promise<T>): Promise<T | null> =>
      asked.catch((error: unknown) => {
        logger.info("a part of what an action would cost is not known", { accountId, error });
        return null;
      });
    const endpoint = endpointOf(action, userId);
    const [said, sessions, rooms, service, passwords, media, has] = await Promise.all([
      api.user(userId),
      orNull(sessionsOf(api, userId)),
      orNull(roomsOf(api, userId)),
      this.#serviceOf(accountId, userId, action),
      orNull(takesPasswords(accountId)),
      action === "delete_uploads" ? orNull(sumUserMedia(api, userId)) : null,
      endpoint === null ? true : orNull(api.has(endpoint)),
    ]);
    const user = asViewed(said, service);
    const refusal = has === false ? "not_supported" : await this.#refusalOf(api, action, user, { rooms, media, service });
    const ownAccount = ownUserIds().includes(user.userId);
    const token = refusal === null ? newId<ConversationId>() : null;
    const isOther = user.userId !== api.userId;
    const typed = FOR_GOOD.has(action) || (ownAccount && isOther);
    const preview = {
      action,
      user,
      refusal,
      token,
      typed,
      ownAccount,
      sessions,
      rooms,
      passwords: service.kind === "known" ? await orNull(service.mas.takesPasswords()) : passwords,
      media,
    };
    if (token !== null) this.#remember(token, { accountId, preview, until: Date.now() + PREVIEW_LIFETIME_MS });
    return preview;
  }

  /** What the server leaves to an authentication service is asked of that. */
  async #serviceOf(accountId: AccountId, userId: string, action: UserAction): Promise<ServiceView> {
    const { isDelegated, masApiOf } = this.#parts;
    if (!OF_THE_SERVICE.has(action) || !(await isDelegated(accountId))) return { kind: "none" };
    return askService(masApiOf(accountId), userId, action);
  }

  async #refusalOf(api: AdminApi, action: UserAction, user: User, known: Pick<Judged, "rooms" | "media"> & { service: ServiceView }) {
    const { rooms, media, service } = known;
    const last = (): Promise<boolean> =>
      service.kind === "known" ? service.mas.isLastAdmin(service.masUser.id) : isLastAdmin(api, user.userId);
    const refusal = await refusalOf({
      action,
      user,
      actor: api.userId,
      rooms,
      media,
      delegated: service.kind === "refused",
      isLastAdmin: last,
    });
    return refusal === "delegated" && service.kind === "refused" ? service.refusal : refusal;
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
    const needsPassword =
      preview.action === "reset_password" ||
      (preview.action === "help" && preview.passwords !== false) ||
      // The old one went with the account, and without any nobody signs in. The users of bridges don't.
      (preview.action === "reactivate" && preview.passwords === true && preview.user.appserviceId === null);
    if (needsPassword && input.password.kind === "none") {
      throw fail("invalid_input", { issues: ["password: empty"] });
    }
    this.#shown.delete(token);
    const api = this.#parts.adminApiOf(accountId);
    const perform = (): Promise<ActionResult> => this.#perform(api, input, preview);
    // Nobody waits for hundreds of files to be deleted.
    const result = await (preview.action === "delete_uploads" ? perform() : this.#turns.run(api.serverName, perform));
    this.#parts.emit("userActions.done", { accountId, userId: preview.user.userId });
    return result;
  }

  async #perform(api: AdminApi, input: Input<"perform">, preview: ActionPreview): Promise<ActionResult> {
    const { credentials, log } = this.#parts;
    const { accountId } = input;
    const { action, rooms, media } = preview;
    const { userId } = preview.user;
    const [said, service] = await Promise.all([api.user(userId), this.#serviceOf(accountId, userId, action)]);
    const user = asViewed(said, service);
    if (hasChanged(preview.user, user)) return { status: "changed" };
    if ((await this.#refusalOf(api, action, user, { rooms, media, service })) !== null) return { status: "changed" };
    const setsPassword = action === "reset_password" || action === "reactivate" || action === "help";
    const chosen = setsPassword ? await credentials.choose(accountId, userId, input.password) : null;
    let result: ActionResult;
    try {
      const password = chosen?.password ?? null;
      const send = (): Promise<ActionResult> =>
        service.kind === "known"
          ? actByService(service, api, userId, action, password, input)
          : this.#send(api, action, userId, input, password);
      result = await log.record({ actor: api.userId, target: userId, action }, send, (answer) =>
        logged(answer, action, service.kind === "known" ? null : user),
      );
    } catch (thrown) {
      if (chosen && isRefused(thrown)) await credentials.forget(accountId, chosen.credentialsId);
      throw thrown;
    }
    const mayBeSet = result.status === "unknown" || result.status === "still_running";
    if (chosen && result.status === "done") await credentials.confirm(accountId, chosen.credentialsId);
    else if (chosen && !mayBeSet) await credentials.forget(accountId, chosen.credentialsId);
    return chosen && "credentialsId" in result ? { ...result, credentialsId: chosen.credentialsId } : result;
  }

  async #send(
    api: AdminApi,
    action: UserAction,
    userId: string,
    input: Input<"perform">,
    password: Password | null,
  ): Promise<ActionResult> {
    const put = (path: readonly string[], method: "PUT" | "POST" | "DELETE", body: object): Promise<unknown> =>
      api.request({ method, path, body, schema: z.unknown() });
    switch (action) {
      case "help":
        return this.#help(api, userId, password, input);
      case "reset_password":
        return resetPassword(api, userId, password!, input.signOutSessions);
      case "allow_new_identity":
        return allowIdentityReset(api, userId);
      case "lock":
      case "unlock":
        return settle(
          api,
          userId,
          () => api.changeUser(userId, { locked: action === "lock" }),
          (user) => user.locked === (action === "lock"),
        );
      case "suspend":
      case "unsuspend": {
        const suspend = action === "suspend";
        const isSo = ({ suspended }: User): boolean => suspended === null || suspended === suspend;
        return settle(api, userId, () => put(suspensionPath(userId), "PUT", { suspend }), isSo);
      }
      case "shadow_ban":
      case "lift_shadow_ban": {
        const banned = action === "shadow_ban";
        const isSo = ({ shadowBanned }: User): boolean => shadowBanned === null || shadowBanned === banned;
        return settle(api, userId, () => put(shadowBanPath(userId), banned ? "POST" : "DELETE", {}), isSo);
      }
      case "deactivate":
      case "erase":
        return this.#deactivate(api, userId, action === "erase");
      case "reactivate":
        return reactivate(api, userId, password, input.displayName);
      case "delete_uploads":
        return this.#deleteMedia(api, userId, input.accountId);
    }
  }

  async #help(api: AdminApi, userId: string, password: Password | null, input: Input<"perform">): Promise<ActionResult> {
    const { locked } = await api.user(userId);
    const unlock = (): Promise<ActionResult> =>
      settle(
        api,
        userId,
        () => api.changeUser(userId, { locked: false }),
        (now) => now.locked === false,
      );
    const by = {
      ...(password !== null && { reset: () => resetPassword(api, userId, password, input.signOutSessions) }),
      ...(locked === true && { unlock }),
    };
    return helpLockedOut(api, userId, by, input.allowIdentityReset);
  }

  async #deactivate(api: AdminApi, userId: string, erase: boolean): Promise<ActionResult> {
    const timeoutMs = this.#parts.deactivationMs ?? DEACTIVATION_MS;
    const send = (): Promise<unknown> =>
      api.request({ method: "POST", path: ["v1", "deactivate", userId], body: { erase }, schema: z.unknown(), timeoutMs });
    const result = await settle(api, userId, send, ({ deactivated, erased }) => deactivated && !(erase && erased === false));
    if (result.status !== "done") return result;
    return { ...result, roomsLeft: await roomsOf(api, userId).catch(() => null) };
  }

  async #deleteMedia(api: AdminApi, userId: string, accountId: AccountId): Promise<ActionResult> {
    const onProgress = (deleted: number): void => this.#parts.emit("userActions.mediaDeleted", { accountId, userId, deleted });
    const media = await deleteUserMedia(api, userId, onProgress);
    return { ...DONE, media, user: await api.user(userId).catch(() => null) };
  }
}

/** @param before the user as they were, where that can be compared with how they are */
function logged(result: ActionResult, action: UserAction, before: User | null): Ended {
  switch (result.status) {
    case "done": {
      const changes = before === null || result.user === null ? [] : changesOfUser(before, result.user);
      // Of somebody who was erased nothing is kept here that the server has forgotten.
      const kept = action === "erase" ? changes.filter(({ field }) => field === "deactivated" || field === "erased") : changes;
      return { result: "done", detail: null, changes: kept };
    }
    case "unknown":
    case "still_running":
      return { result: "unknown", detail: result.error.kind };
    default:
      return { result: "failed", detail: result.status };
  }
}
