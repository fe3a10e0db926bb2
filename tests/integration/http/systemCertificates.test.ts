import { createServer, type Server } from "node:https";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../../build/processes.ts";
import { makeCertificate, makeSignedCertificate } from "../../support/certificate.ts";
import { listenLocally } from "../../support/ports.ts";
import { type ProxyServer, startHttpProxy, startSocksProxy } from "../../support/proxyServer.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

/** Answers `{"ok":true}`, with a certificate that the organisation's own authority has signed. */
let server: Server;
/** The same, with a certificate that vouches for itself. */
let selfSigned: Server;
let proxies: ProxyServer[];
let folder: { path: string; remove: () => Promise<void> };
const ports = { server: 0, selfSigned: 0 };

beforeAll(async () => {
  const [signed, own] = await Promise.all([makeSignedCertificate(), makeCertificate()]);
  folder = await temporaryFolder("certificates");
  await writeFile(join(folder.path, "ca.pem"), signed.ca);
  const answering = (tls: { key: string; cert: string }): Server =>
    createServer({ key: tls.key, cert: tls.cert }, (_request, response) => void response.end('{"ok":true}'));
  server = answering(signed);
  selfSigned = answering(own);
  ports.server = await listenLocally(server);
  ports.selfSigned = await listenLocally(selfSigned);
  proxies = await Promise.all([startHttpProxy, startSocksProxy].map((start) => start({ hosts: { "hs.test": ports.server } })));
}, 60_000);
afterAll(async () => {
  await Promise.all((proxies ?? []).map((proxy) => proxy.stop()));
  for (const one of [server, selfSigned]) {
    one?.closeAllConnections();
    await new Promise<void>((resolve) => (one ? one.close(() => resolve()) : resolve()));
  }
  await folder?.remove();
});

/** What a process gets that starts with this environment, on a system whose store holds that authority alone. */
async function asked(what: "trust" | "doubt", url: string, environment: Record<string, string> = {}): Promise<unknown> {
  const script = fileURLToPath(new URL("../../support/fetchChild.ts", import.meta.url));
  const { code, output } = await run(process.execPath, ["--no-warnings", script, what, url], {
    // On Linux these name the system's store.
    env: { ...process.env, SSL_CERT_FILE: join(folder.path, "ca.pem"), SSL_CERT_DIR: folder.path, ...environment },
    timeoutMs: 60_000,
  });
  expect([code, output]).toEqual([0, expect.stringContaining("{")]);
  return JSON.parse(output);
}

// macOS and Windows keep their store elsewhere, where a test puts nothing.
describe.runIf(process.platform === "linux")("the system's store of certificates", () => {
  it("is trusted besides the authorities that come with Node", async () => {
    const url = `https://localhost:${ports.server}/`;
    expect(await asked("doubt", url)).toMatchObject({ trusted: null, outcome: { kind: "bad_certificate" } });
    expect(await asked("trust", url)).toMatchObject({ trusted: expect.any(Number), outcome: { ok: true } });
    expect(await asked("trust", `https://localhost:${ports.selfSigned}/`)).toMatchObject({
      outcome: { kind: "bad_certificate", reason: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
  }, 120_000);

  it("counts behind a proxy as well, which cannot read along", async () => {
    const [http, socks] = proxies;
    const ways = [`http://127.0.0.1:${http?.port}`, `socks5://127.0.0.1:${socks?.port}`];
    for (const way of ways) {
      expect(await asked("trust", "https://hs.test/", { HTTPS_PROXY: way })).toMatchObject({ outcome: { ok: true } });
      expect(await asked("doubt", "https://hs.test/", { HTTPS_PROXY: way })).toMatchObject({
        outcome: { kind: "bad_certificate", host: "hs.test" },
      });
    }
    for (const proxy of proxies) expect(new Set(proxy.asked)).toEqual(new Set(["hs.test:443"]));
  }, 120_000);
});
