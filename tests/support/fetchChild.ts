import { readProxyEnvironment } from "../../main/http/proxy/environment.ts";
import { proxiedFetch } from "../../main/http/proxy/proxiedFetch.ts";
import { requestJson } from "../../main/http/requestJson.ts";
import { trustSystemCertificates } from "../../main/http/systemCertificates.ts";
import { AppFailure } from "../../shared/errors.ts";
import * as z from "zod";

/**
 * Run as a process of its own, because what a process trusts cannot be taken back: asks for JSON as the app does, by this
 * process's environment, and says what came of it. fetchChild.ts trust|doubt URL
 */
const [what, url] = process.argv.slice(2);
if (what === undefined || url === undefined) throw new Error("fetchChild.ts trust|doubt URL");

const trusted = what === "trust" ? await trustSystemCertificates() : null;
const fetch = proxiedFetch({
  fetch: globalThis.fetch,
  environment: readProxyEnvironment(process.env),
  systemProxy: () => Promise.resolve("DIRECT"),
  onSystemFailure: (error) => {
    throw error;
  },
});
const outcome = await requestJson({ fetch, url, schema: z.unknown() }).catch((thrown: unknown) => {
  if (thrown instanceof AppFailure) return thrown.error;
  throw thrown;
});
process.stdout.write(JSON.stringify({ trusted, outcome }));
// Connections are kept open for the next request.
process.exit(0);
