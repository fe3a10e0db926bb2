import { startAuthService } from "../tests/support/authService/authService.ts";
import { approveCode } from "../tests/support/authService/qrPhone.ts";
import { signInWithOtherClient } from "../tests/support/authService/otherClient.ts";
import { freePort } from "../tests/support/ports.ts";
import { startSynapse } from "../tests/support/synapse.ts";
import type { Demo } from "./demoServer.ts";
import { say } from "./paths.ts";

/** Whom the app opens with. */
export const DEMO_OAUTH_NAME = "Ada of the account page";

/**
 * Starts a homeserver that leaves signing in to an OAuth 2.0 authorization server: the tests' own, which stands in for
 * Matrix Authentication Service. Nothing of it is kept.
 *
 * @param dir an empty folder for the homeserver's data
 */
export async function startOauthDemo(dir: string): Promise<Demo> {
  const port = await freePort();
  const serverName = `localhost:${String(port)}`;
  const auth = await startAuthService({ serverName, baseUrl: `http://127.0.0.1:${String(port)}` });
  say("starting a local homeserver and its authorization server");
  const synapse = await startSynapse({ dir, port, serverName, config: auth.synapseConfig });
  const ada = { localpart: "ada", password: "ada signs in elsewhere" };
  const ben = { localpart: "ben", password: "ben starts anew" };
  await auth.addUser(ada, DEMO_OAUTH_NAME);
  await auth.addUser(ben);
  await signInWithOtherClient(auth, ada, "Another client");
  return {
    homeserver: synapse.baseUrl,
    startPage: null,
    pages: [{ name: "Accounts", url: `${auth.issuer}/account/`, note: "the server's own page; stands in for a real one" }],
    accounts: [
      {
        user: ada.localpart,
        password: ada.password,
        signedIn: true,
        byCode: true,
        about: "another client is signed in, to be signed out on the server's page",
      },
      { user: ben.localpart, password: ben.password, signedIn: false, about: "nothing set up" },
    ],
    allow: ({ page, userCode, user }) => {
      const { password } = user === ada.localpart ? ada : ben;
      return approveCode(page, userCode, { localpart: user, password });
    },
    stop: async () => {
      await synapse.stop();
      await auth.stop();
    },
  };
}
