import { Worker } from "node:worker_threads";
import * as tls from "node:tls";

/** What Node has since 22.19 and 24.5; the Node inside an older Electron has none of it. */
interface CertificateStore {
  getCACertificates?: (type: "default" | "system") => string[];
  setDefaultCACertificates?: (certificates: readonly string[]) => void;
}

/** Reading the system's store takes a tenth of a second and more, so it is read in a thread of its own. */
const READER = `
  const { parentPort } = require("node:worker_threads");
  parentPort.postMessage(require("node:tls").getCACertificates("system"));
`;

/**
 * Trusts the certificate authorities of the system's store from now on, besides those that come with Node and those of
 * `NODE_EXTRA_CA_CERTS`: an organisation puts its own there.
 *
 * @returns how many there were; null where this Node cannot be told
 * @throws what the store could not be read for
 */
export async function trustSystemCertificates(): Promise<number | null> {
  const { getCACertificates, setDefaultCACertificates }: CertificateStore = tls;
  if (!getCACertificates || !setDefaultCACertificates) return null;
  const system = await readSystemStore();
  setDefaultCACertificates([...new Set([...getCACertificates("default"), ...system])]);
  return system.length;
}

function readSystemStore(): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const reader = new Worker(READER, { eval: true });
    reader.unref();
    reader.once("message", resolve);
    reader.once("error", reject);
    reader.once("exit", () => reject(new Error("the system's certificates were not read")));
  });
}
