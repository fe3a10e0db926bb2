import { createHmac } from "node:crypto";
import * as z from "zod";
import type { Handlers } from "../../shared/contract/index.ts";
import { AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { KeepOutOfLogs } from "../../shared/secret.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import { mayBeDone } from "../http/lostAnswer.ts";
import { withoutPassword } from "../http/passwordRefusal.ts";
import type { Fetch } from "../http/redirects.ts";
import type { phraseStrength } from "../secrets/phraseStrength.ts";
import { expectedServer } from "../sessions/foreignUser.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import { LoginAnswer, type SignedIn, signedInFrom, signInWithPassword } from "../sessions/signIn.ts";
import { isInsecureHttp } from "../sessions/wellKnown.ts";
import { adminPath, readAdminAnswer } from "./adminApi.ts";

/** The score that an admin's password needs, of zxcvbn's 0 to 4. */
const GOOD_PASSWORD_SCORE = 3;

const Nonce = z.object({ nonce: z.string().min(1).max(1000) });

export interface FirstAdminParts {
  sessions: Pick<SessionManager, "adopt">;
  fetch: Fetch;
  keepOutOfLogs: KeepOutOfLogs;
  phraseStrength: typeof phraseStrength;
  sessionName: string;
}

type Requests = Handlers["firstAdmin"];
type Input = Parameters<Requests["create"]>[0];

/**
 * Makes the first admin of a homeserver with the secret from its configuration (Synapse, "Shared-Secret Registration"). The
 * secret is as good as the server's root password: it is used for one request and kept nowhere.
 */
export class FirstAdminService implements Requests {
  readonly #parts: FirstAdminParts;

  constructor(parts: FirstAdminParts) {
    this.#parts = parts;
  }

  /** @throws as the contract says */
  async create(input: Input): Promise<{ accountId: AccountId }> {
    const { baseUrl, serverName, acceptInsecureHttp, username, password, sharedSecret } = input;
    const { sessions, keepOutOfLogs } = this.#parts;
    if (isInsecureHttp(baseUrl) && !acceptInsecureHttp) throw fail("insecure_http", { baseUrl });
    keepOutOfLogs(sharedSecret);
    if (!(await this.#parts.phraseStrength(password, [username], GOOD_PASSWORD_SCORE)).good) {
      throw fail("password_refused", { reason: "guessable" });
    }
    const signedIn = await this.#register(input);
    return { accountId: await sessions.adopt(signedIn, expectedServer({ serverName, baseUrl })) };
  }

  async #register({ baseUrl, serverName, username, password, sharedSecret }: Input): Promise<SignedIn> {
    const { fetch, sessionName } = this.#parts;
    const homeserver = new HomeserverClient({ fetch, baseUrl });
    const path = adminPath(["v1", "register"]);
    const { nonce } = await readAdminAnswer(homeserver, { path }, Nonce).catch((thrown: unknown) => {
      throw meaningOf(thrown, username);
    });
    const mac = createHmac("sha1", sharedSecret.reveal())
      .update(password.between(`${nonce}\0${username}\0`, "\0admin").reveal())
      .digest("hex");
    const body = { nonce, username, password, admin: true, mac, initial_device_display_name: sessionName };
    try {
      const answer = await readAdminAnswer(homeserver, { method: "POST", path, body }, LoginAnswer);
      return await signedInFrom(fetch, answer, baseUrl);
    } catch (thrown) {
      if (!mayBeDone(thrown)) throw meaningOf(withoutPassword(thrown, password), username);
      // The answer was lost: if the account is there, it has this password.
      const identifier = { kind: "user", user: username } as const;
      const request = { fetch, sessionName, serverName, baseUrl, identifier, password, acceptInsecureHttp: true };
      return await signInWithPassword(request).catch(() => {
        throw withoutPassword(thrown, password);
      });
    }
  }
}

/** Synapse says both that this is off and that the secret is wrong by codes that mean something else elsewhere. */
function meaningOf(thrown: unknown, username: string): unknown {
  if (!(thrown instanceof AppFailure)) return thrown;
  const { error } = thrown;
  if (error.kind === "forbidden") return new AppFailure({ kind: "shared_secret_wrong" });
  if (error.kind !== "server") return thrown;
  if (error.errcode === "M_USER_IN_USE") return new AppFailure({ kind: "user_name_taken", username });
  if (error.errcode === "M_INVALID_USERNAME" || error.errcode === "M_EXCLUSIVE")
    return new AppFailure({ kind: "user_name_refused", username });
  if (error.status === 403) return new AppFailure({ kind: "shared_secret_wrong" });
  return error.status === 400 && error.errcode === "M_UNKNOWN" ? new AppFailure({ kind: "shared_secret_off" }) : thrown;
}
