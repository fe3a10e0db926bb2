import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../build/processes.ts";
import { ensureSynapse } from "./synapseVenv.ts";

const maker = fileURLToPath(new URL("makeCertificate.py", import.meta.url));

/** A certificate for 127.0.0.1 and localhost that nobody trusts by itself; all parts are PEM. */
export interface TestCertificate {
  key: string;
  cert: string;
}

/** Makes a fresh self-signed certificate for `localhost` and 127.0.0.1; an expired one if asked. */
export async function makeCertificate({ expired = false } = {}): Promise<TestCertificate> {
  const { python } = await ensureSynapse();
  const dir = await mkdtemp(join(tmpdir(), "steward-certificate-"));
  try {
    const { code, output } = await run(python, [maker, dir, expired ? "expired" : "valid"]);
    if (code !== 0) throw new Error(`no certificate was made:\n${output}`);
    const [key, cert] = await Promise.all(
      ["key.pem", "cert.pem"].map((name) => readFile(join(dir, name), "utf8")),
    );
    return { key: key ?? "", cert: cert ?? "" };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
