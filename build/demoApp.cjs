"use strict";
// Runs before the app in `npm run demo`: signs the demo's accounts in by the page's own request, one after the other, and
// opens the page that says what to try. It is laid beside the app for the demo alone; what is handed out does not have it.
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

process.once("message", async ({ accounts, page }) => {
  if (page !== null) void shell.openExternal(page).catch(() => undefined);
  await whenSecretsAreProtected();
  for (const { baseUrl, user, password } of accounts) {
    const identifier = { kind: "user", user };
    const reply = await request("signIn.withPassword", { serverName: null, baseUrl, identifier, password });
    if (!reply?.ok) console.error(`${user} was not signed in: ${reply?.error.kind ?? "the window was closed"}`);
  }
});
require("./out/main/index.cjs");
