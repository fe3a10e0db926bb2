import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../build/processes.ts";
import { ensureSynapse } from "./synapseVenv.ts";

const maker = fileURLToPath(new URL("makeCertificate.py", import.meta.url));

/** A certificate for 127.0.0.1, localhost and hs.test that nobody trusts by itself; all parts are PEM. */
export interface TestCertificate {
  key: string;
  cert: string;
}

/** Makes a fresh self-signed certificate; an expired one if asked. */
export async function makeCertificate({ expired = false } = {}): Promise<TestCertificate> {
  const { key = "", cert = "" } = await made(expired ? "expired" : "valid", ["key", "cert"]);
  return { key, cert };
}

/** Makes a certificate that a certificate authority of its own has signed, as in an organisation; `ca` is the latter's. */
export async function makeSignedCertificate(): Promise<TestCertificate & { ca: string }> {
  const { key = "", cert = "", ca = "" } = await made("signed", ["key", "cert", "ca"]);
  return { key, cert, ca };
}

async function made(kind: string, names: readonly string[]): Promise<Record<string, string>> {
  const { python } = await ensureSynapse();
  const dir = await mkdtemp(join(tmpdir(), "steward-certificate-"));
  try {
    const { code, output } = await run(python, [maker, dir, kind]);
    if (code !== 0) throw new Error(`no certificate was made:\n${output}`);
    const parts = names.map(async (name) => [name, await readFile(join(dir, `${name}.pem`), "utf8")] as const);
    return Object.fromEntries(await Promise.all(parts));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
