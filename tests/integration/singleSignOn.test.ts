import { afterAll, beforeAll, expect, it } from "vitest";
import { PersonsBrowser, signInAtProvider } from "../support/browser.ts";
import { LocalServer } from "../support/localServer.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../support/openIdProvider.ts";
import { freePort } from "../support/ports.ts";
import { startSynapse, type Synapse } from "../support/synapse.ts";

let provider: OpenIdProvider;
let synapse: Synapse;
let browser: PersonsBrowser;

beforeAll(async () => {
  const port = await freePort();
  const publicBaseUrl = `http://127.0.0.1:${port}/`;
  provider = await startOpenIdProvider([`${publicBaseUrl}_synapse/client/oidc/callback`]);
  synapse = await startSynapse({
    port,
    publicBaseUrl,
    config: {
      oidc_providers: [provider.synapseConfig({ idpId: "example", name: "Example" })],
      sso: { client_whitelist: ["http://127.0.0.1:"] },
    },
  });
  browser = await PersonsBrowser.start();
}, 120_000);
afterAll(async () => {
  await browser?.stop();
  await synapse?.stop();
  await provider?.stop();
});

it("takes a person from the homeserver to the provider and back, with a token that signs them in", async () => {
  const app = await LocalServer.start((response) => void response.end("done"));
  const redirect = encodeURIComponent(`${app.baseUrl}/answer`);
  const page = await browser.open(
    `${synapse.baseUrl}/_matrix/client/v3/login/sso/redirect/oidc-example?redirectUrl=${redirect}`,
  );
  await signInAtProvider(page, "erin");
  await page.waitForURL(`${app.baseUrl}/answer?*`);
  const token = new URL(page.url()).searchParams.get("loginToken");
  await app.stop();
  const signedIn = await synapse.call({ path: "/_matrix/client/v3/login", body: { type: "m.login.token", token } });
  expect(signedIn.user_id).toBe(`@erin:${synapse.serverName}`);
});
