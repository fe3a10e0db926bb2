import type { StewardApp } from "./electronApp.ts";

/**
 * Lets the running app trust one more certificate until it ends, besides all that it trusts anyway. Node would take it
 * from NODE_EXTRA_CA_CERTS, which Electron's does not read.
 *
 * @param cert PEM
 */
export async function trustCertificate({ electron }: StewardApp, cert: string): Promise<void> {
  await electron.evaluate((_electron, pem) => {
    const tls = process.mainModule?.require("node:tls") as typeof import("node:tls");
    const create = tls.createSecureContext;
    tls.createSecureContext = (options) => {
      const made = create(options) as ReturnType<typeof create> & { context: { addCACert(pem: string): void } };
      made.context.addCACert(pem);
      return made;
    };
  }, cert);
}
