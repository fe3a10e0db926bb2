import { AppFailure, isFailure } from "../../../shared/errors.ts";
import type { Fetch } from "../../http/redirects.ts";
import { requestJson } from "../../http/requestJson.ts";
import { LoginAnswer, type SignedIn, signedInFrom } from "../signIn.ts";

export interface LoginTokenSignIn {
  fetch: Fetch;
  baseUrl: string;
  /** Works once, and for a short time. */
  loginToken: string;
  /** Chosen beforehand: when the answer is lost, a further sign-in takes the place of the session that nobody heard of. */
  deviceId: string | null;
  /** How the session is named in other clients' lists. */
  sessionName: string;
}

/**
 * Signs in with what single sign-on has handed out (`POST /_matrix/client/v3/login`, `m.login.token`).
 *
 * @throws `login_token_refused` when it was used before or is too old, `rate_limited`, `redirected`, `network` and its kin
 */
export async function signInWithLoginToken(request: LoginTokenSignIn): Promise<SignedIn> {
  try {
    const answer = await requestJson({
      fetch: request.fetch,
      method: "POST",
      url: `${request.baseUrl}/_matrix/client/v3/login`,
      body: {
        type: "m.login.token",
        token: request.loginToken,
        initial_device_display_name: request.sessionName,
        ...(request.deviceId === null ? {} : { device_id: request.deviceId }),
      },
      schema: LoginAnswer,
    });
    return await signedInFrom(request.fetch, answer, request.baseUrl);
  } catch (thrown) {
    if (!isFailure(thrown, "forbidden") && !isFailure(thrown, "unauthenticated")) throw thrown;
    throw new AppFailure({ kind: "login_token_refused" }, { cause: thrown });
  }
}
