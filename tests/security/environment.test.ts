import { createServer } from "node:https";
import { expect, test } from "vitest";
import { makeCertificate } from "../support/certificate.ts";
import { startApp } from "../support/electronApp.ts";
import { listenLocally } from "../support/ports.ts";

test("certificates are checked, whatever the environment says", async () => {
  let visits = 0;
  const server = createServer(await makeCertificate(), (_request, response) => {
    visits += 1;
    response.end(JSON.stringify({ versions: ["v1.11"] }));
  });
  const port = await listenLocally(server);
  const app = await startApp({ env: { NODE_TLS_REJECT_UNAUTHORIZED: "0", SSLKEYLOGFILE: "/tmp/keys" } });
  try {
    const found = await app.request("signIn.findHomeserver", { input: `https://localhost:${String(port)}` });
    expect(found).toMatchObject({ ok: false, error: { kind: "bad_certificate" } });
    expect(visits).toBe(0);
    expect(await app.electron.evaluate(() => process.env["NODE_TLS_REJECT_UNAUTHORIZED"] ?? process.env["SSLKEYLOGFILE"])).toBeUndefined();
    expect(await app.log()).toContain("NODE_TLS_REJECT_UNAUTHORIZED");
  } finally {
    await app.close();
    server.close();
  }
});
