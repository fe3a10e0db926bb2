import * as z from "zod";
import { type AppError, AppFailure, isFailure } from "../../../shared/errors.ts";
import type { HomeserverClient } from "../../http/homeserverClient.ts";
import { demandIn } from "../../http/uiaDemand.ts";
import type { AuthDict } from "../../uia/challenges.ts";

/** Until the server's answer counts as lost, in milliseconds: it takes leave of rooms and devices meanwhile. */
const ANSWER_MS = 120_000;

const Deactivated = z.object({ id_server_unbind_result: z.enum(["success", "no-support"]).optional().catch(undefined) });

/** What is known of the last request. */
export type Outcome =
  /** None was sent, or the server has said that it has not done it. */
  | { kind: "not_done" }
  | { kind: "done"; foundOutLater: boolean; unboundEverywhere: boolean | null }
  /** The answer was lost. */
  | { kind: "unknown"; error: AppError };

export interface DeactivateRequestParts {
  /** A way to the server that outlives the session, which a deactivation ends. */
  homeserver: HomeserverClient;
  erase: boolean;
  /** Notes on disk, before a request is sent, that it may be done from now on; and that it was not after all. */
  mark: () => Promise<void>;
  unmark: () => Promise<void>;
  /** Whether a request that was sent before was never answered. */
  unansweredBefore: boolean;
}

/** An answer of the server's own, that says no: what else comes may hide that it was done. */
function saysNo(thrown: unknown): boolean {
  if (demandIn(thrown)) return true;
  if (!(thrown instanceof AppFailure)) return false;
  const { error } = thrown;
  const REFUSALS = ["forbidden", "not_found", "rate_limited", "user_locked", "user_suspended", "consent_required", "resource_limit"];
  return REFUSALS.includes(error.kind) || (error.kind === "server" && error.status < 500 && error.errcode !== "");
}

/**
 * `POST /_matrix/client/v3/account/deactivate` (Client-Server API, "Account deactivation"), as often as its
 * user-interactive authentication needs it, and what is known of it at each moment. The answer to the request that does it
 * may be lost, and it takes the token with it: a token that is gone after a request without an answer means that it was
 * done; a token that was gone before says nothing.
 */
export class DeactivateRequest {
  readonly #parts: DeactivateRequestParts;
  #outcome: Outcome = { kind: "not_done" };
  #unanswered: boolean;
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(parts: DeactivateRequestParts) {
    this.#parts = parts;
    this.#unanswered = parts.unansweredBefore;
  }

  /** What is known, once no request is under way. */
  async outcome(): Promise<Outcome> {
    await this.#underWay;
    return this.#outcome;
  }

  /** Sends it. @throws what the server answers; resolves also where an earlier one turns out to have done it */
  send(auth: AuthDict | null): Promise<void> {
    const sending = this.#send(auth);
    this.#underWay = sending.catch(() => undefined);
    return sending;
  }

  async #send(auth: AuthDict | null): Promise<void> {
    const { homeserver, erase, mark, unmark } = this.#parts;
    await mark();
    try {
      const answer = await homeserver.json({
        method: "POST",
        path: "/_matrix/client/v3/account/deactivate",
        body: { erase, ...(auth && { auth }) },
        limits: { answerMs: ANSWER_MS },
        schema: Deactivated,
      });
      const unbound = answer.id_server_unbind_result;
      this.#outcome = {
        kind: "done",
        foundOutLater: false,
        unboundEverywhere: unbound === undefined ? null : unbound === "success",
      };
    } catch (thrown) {
      if (isGone(thrown)) {
        if (this.#unanswered) {
          this.#outcome = { kind: "done", foundOutLater: true, unboundEverywhere: null };
          return;
        }
        this.#outcome = { kind: "not_done" };
        await unmark();
      } else if (saysNo(thrown)) {
        this.#unanswered = false;
        this.#outcome = { kind: "not_done" };
        await unmark();
      } else {
        this.#unanswered = true;
        this.#outcome = { kind: "unknown", error: thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "deactivate" } };
      }
      throw thrown;
    }
  }
}

/** Whether the server said that it does not know the token, and not merely that it has expired. */
export function isGone(thrown: unknown): boolean {
  return isFailure(thrown, "unauthenticated") && !thrown.error.softLogout;
}
