import type { AccountId } from "../../../shared/ids.ts";
import type { Password } from "../../../shared/secret.ts";
import type { AccountIndex } from "../../storage/accountIndex.ts";
import type { Fetch } from "../../http/redirects.ts";
import { refuseWhenHeld } from "../addAccount.ts";
import { expectedServer } from "../foreignUser.ts";
import type { SessionManager } from "../sessionManager.ts";
import { type SignInRequest, signInWithPassword } from "../signIn.ts";

export interface PasswordSignInsParts {
  sessions: Pick<SessionManager, "account" | "adopt" | "resume">;
  index: AccountIndex;
  fetch: Fetch;
  /** How other clients list new sessions that the person gave no name. */
  sessionName: string;
}

/** Signing in with a password, to an account that is not here yet and to one that is. */
export class PasswordSignIns {
  readonly #parts: PasswordSignInsParts;

  constructor(parts: PasswordSignInsParts) {
    this.#parts = parts;
  }

  /**
   * Signs in and adds the account. Resolves when its session has started or said why it did not: the account is added in
   * either case.
   *
   * @throws as `signInWithPassword` and `SessionManager.adopt` do
   */
  async signIn(request: SignInRequest): Promise<AccountId> {
    const { sessions, index, fetch } = this.#parts;
    refuseWhenHeld(index, request);
    const sessionName = request.sessionName || this.#parts.sessionName;
    return sessions.adopt(await signInWithPassword({ ...request, fetch, sessionName }), expectedServer(request));
  }

  /** Signs a logged-out account in again, as `SessionManager.resume` says. @throws as `signInWithPassword` and that do */
  async signInAgain(accountId: AccountId, password: Password): Promise<void> {
    const { sessions, fetch, sessionName } = this.#parts;
    const { userId, homeserver } = sessions.account(accountId);
    await sessions.resume(accountId, (deviceId) =>
      signInWithPassword({
        fetch,
        sessionName,
        serverName: homeserver.serverName,
        baseUrl: homeserver.baseUrl,
        identifier: { kind: "user", user: userId },
        password,
        // The warning was accepted when the account was added at this very URL.
        acceptInsecureHttp: true,
        ...(deviceId === null ? {} : { deviceId }),
      }),
    );
  }
}
