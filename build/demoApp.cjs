"use strict";
// Runs before the app in `npm run demo`: signs the demo's accounts in by the page's own request, one after the other, and
// opens the page that says what to try. Where a server takes passwords on its own page alone, whoever has started the app is
// asked to allow it there. It is laid beside the app for the demo alone; what is handed out does not have it.
const { setTimeout: pause } = require("node:timers/promises");
const { BrowserWindow, shell } = require("electron");

/** While the window opens, or the person is asked how secrets are to be protected; in milliseconds. */
const AGAIN_MS = 500;

/** Asks main as the page does; undefined while there is no page. One that is loaded again meanwhile answers nothing. */
async function request(channel, input) {
  const [window] = BrowserWindow.getAllWindows();
  const script = `window.steward?.request(${JSON.stringify(channel)}, ${JSON.stringify(input)})`;
  return window?.webContents.executeJavaScript(script).catch(() => undefined);
}

async function whenSecretsAreProtected() {
  for (;;) {
    const reply = await request("secrets.state", {});
    if (reply?.ok && reply.value.protection !== "unprotected" && !reply.value.locked) return;
    await pause(AGAIN_MS);
  }
}

/** Signs in by a code, and asks for it to be allowed as soon as there is one. */
async function byCode({ baseUrl, user }) {
  const started = await request("signIn.startOauthByCode", { serverName: null, baseUrl });
  if (!started?.ok) return started;
  let asked = false;
  for (;;) {
    const listed = await request("signIn.listBrowserSignIns", {});
    const signIn = listed?.value?.signIns.find(({ signInId }) => signInId === started.value.signInId);
    if (listed?.ok && (!signIn || signIn.status === "done")) return { ok: true };
    if (signIn?.status === "failed" || signIn?.status === "cancelled") return { ok: false, error: signIn.error ?? { kind: "cancelled" } };
    if (signIn?.status === "waiting" && !asked) asked = process.send({ page: signIn.url, userCode: signIn.userCode, user });
    await pause(AGAIN_MS);
  }
}

function byPassword({ baseUrl, user, password }) {
  return request("signIn.withPassword", { serverName: null, baseUrl, identifier: { kind: "user", user }, password });
}

process.once("message", async ({ accounts, page }) => {
  if (page !== null) void shell.openExternal(page).catch(() => undefined);
  await whenSecretsAreProtected();
  for (const account of accounts) {
    const reply = await (account.password === null ? byCode : byPassword)(account);
    if (!reply?.ok) console.error(`${account.user} was not signed in: ${reply?.error.kind ?? "the window was closed"}`);
  }
});
require("./out/main/index.cjs");
