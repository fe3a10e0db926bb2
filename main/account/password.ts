import type { MatrixClient } from "matrix-js-sdk";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { Handlers } from "../../shared/contract/index.ts";
import type { PasswordChange, PasswordState } from "../../shared/contract/password.ts";
import { AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Password } from "../../shared/secret.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import { isUnreachable, mayBeDone } from "../http/lostAnswer.ts";
import { redactingPassword } from "../http/passwordRefusal.ts";
import { stopOf } from "../http/serverErrors.ts";
import { demandIn } from "../http/uiaDemand.ts";
import type { phraseStrength } from "../secrets/phraseStrength.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { AuthDict, Challenges } from "../uia/challenges.ts";
import { listDevices } from "../devices/deviceList.ts";

/** The score that an account's password needs, of zxcvbn's 0 to 4. */
export const GOOD_PASSWORD_SCORE = 3;

/** How long to wait before each time that the server is asked whether it has set the password. Milliseconds. */
const FIND_OUT_AFTER_MS = [0, 1_000, 4_000];

/** What is not said is allowed (Client-Server API, "m.change_password capability"). */
const Capabilities = z.object({
  capabilities: z.object({ "m.change_password": z.object({ enabled: z.boolean() }).optional().catch(undefined) }),
});

export interface PasswordParts {
  sessions: Pick<SessionManager, "account" | "session">;
  challenges: Pick<Challenges, "run">;
  phraseStrength: typeof phraseStrength;
  /** Whether the account's server leaves passwords to an OAuth 2.0 service. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  /** Called after a change, which may have signed sessions out. */
  onSessionsChanged: (accountId: AccountId) => void;
  /** Called before the server is asked to sign out all other sessions. */
  onEndingOthers: (accountId: AccountId) => void;
}

type Requests = Handlers["password"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** An account's password: whether it can be changed, and changing it. */
export class PasswordService implements Requests {
  readonly #parts: PasswordParts;

  constructor(parts: PasswordParts) {
    this.#parts = parts;
  }

  /** @throws what the session or the server throws */
  state({ accountId }: Input<"state">): Promise<PasswordState> {
    return this.#parts.sessions.session(accountId).use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      const [allowed, delegated, hasPassword] = await Promise.all([
        isAllowed(homeserver, signal),
        this.#parts.isDelegated(accountId).catch(() => false),
        hasPasswordIn(homeserver, signal),
      ]);
      return { change: delegated ? "elsewhere" : allowed ? "possible" : "not_allowed", hasPassword };
    });
  }

  /** How hard a new password is to guess for somebody who knows whose it is. */
  strength({ accountId, newPassword }: Input<"strength">) {
    const { userId, displayName } = this.#parts.sessions.account(accountId);
    const guessable = displayName === null ? [userId] : [userId, displayName];
    return this.#parts.phraseStrength(newPassword, guessable, GOOD_PASSWORD_SCORE);
  }

  /**
   * Sets the password (`POST /_matrix/client/v3/account/password`), after a Challenge. Every request has the whole body:
   * Synapse fails when the last lacks the password, and `logout_devices` that is not said means yes.
   *
   * When the answer is lost after the server was given everything, it is asked again with the same session of the
   * authentication: a server for which that is complete sets the same password once more and says so.
   *
   * @throws `password_refused`, `password_maybe_changed`, `challenge_cancelled`, and what the server says, but never its
   * text, which may quote the password
   */
  async change({ accountId, newPassword, signOutOthers }: Input<"change">): Promise<PasswordChange> {
    const { sessions, challenges, onSessionsChanged, onEndingOthers } = this.#parts;
    const session = sessions.session(accountId);
    if (!(await this.strength({ accountId, newPassword })).good) throw fail("password_refused", { reason: "guessable" });
    const others = await session.useAlone(async (client, signal) => {
      const before = await otherSessions(client);
      const body = { new_password: newPassword, logout_devices: signOutOthers };
      const set = (auth: AuthDict | null): Promise<void> => {
        if (signOutOthers) onEndingOthers(accountId);
        return redactingPassword(newPassword, setPassword(homeserverOf(client), body, auth, signal));
      };
      await challenges.run(session, "change_password", set, { signal });
      const after = await otherSessions(client);
      if (before === null || after === null) return null;
      return { signedOut: before.filter((id) => !after.includes(id)).length, left: after.length };
    });
    onSessionsChanged(accountId);
    return { others };
  }
}

async function isAllowed(homeserver: HomeserverClient, signal: AbortSignal): Promise<boolean> {
  const { capabilities } = await homeserver.json({ path: "/_matrix/client/v3/capabilities", signal, schema: Capabilities });
  return capabilities["m.change_password"]?.enabled !== false;
}

/**
 * Whether a password is among what the server would have confirmed with. It is asked for by signing no session out at
 * all, because a request for a password must have one with it.
 */
async function hasPasswordIn(homeserver: HomeserverClient, signal: AbortSignal): Promise<boolean | null> {
  try {
    await homeserver.text({ method: "POST", path: "/_matrix/client/v3/delete_devices", body: { devices: [] }, signal });
    return null;
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const demand = demandIn(thrown);
    return demand && demand.flows.some(({ stages }) => stages.includes("m.login.password"));
  }
}

/** The ids of all sessions but this one; null when the server does not tell. */
async function otherSessions(client: MatrixClient): Promise<string[] | null> {
  try {
    return (await listDevices(client)).filter(({ thisSession }) => !thisSession).map(({ deviceId }) => deviceId);
  } catch {
    return null;
  }
}

type SetPasswordBody = { readonly new_password: Password; readonly logout_devices: boolean };

async function setPassword(homeserver: HomeserverClient, body: SetPasswordBody, auth: AuthDict | null, signal: AbortSignal): Promise<void> {
  const ask = (given: AuthDict | null): Promise<string> => {
    const path = "/_matrix/client/v3/account/password";
    return homeserver.text({ method: "POST", path, body: { ...body, ...(given && { auth: given }) }, signal });
  };
  try {
    await ask(auth);
  } catch (thrown) {
    // What is finished in a browser is asked about again and again in any case.
    if (auth?.["type"] === undefined || !mayBeDone(thrown)) throw thrown;
    await findOut(ask, auth, signal);
  }
}

/**
 * Asks until it is known that the password is set. A refusal tells of what was asked last alone: what was asked first may have
 * been done.
 *
 * @throws `password_maybe_changed`, and why it was stopped
 */
async function findOut(ask: (auth: AuthDict) => Promise<unknown>, auth: AuthDict, signal: AbortSignal): Promise<void> {
  const { session } = auth;
  for (const milliseconds of FIND_OUT_AFTER_MS) {
    await pause(milliseconds, null, { signal }).catch(() => {
      throw stopOf(signal);
    });
    try {
      // Where the request never arrived, the server still wants the whole answer.
      if (session === undefined || !(await isTaken(ask({ session })))) await ask(auth);
      return;
    } catch (thrown) {
      // It has not arrived and the password is wrong, or it was right until the new one took its place.
      if (signal.aborted) throw stopOf(signal);
      if (demandIn(thrown) !== null) break;
      if (!(thrown instanceof AppFailure)) throw thrown;
      if (!mayBeDone(thrown) && !isUnreachable(thrown)) break;
    }
  }
  throw fail("password_maybe_changed");
}

/** False when the server demands authentication. */
async function isTaken(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (thrown) {
    if (demandIn(thrown) === null) throw thrown;
    return false;
  }
}
