"use strict";
// Runs before the app in the tests' copy of it. Playwright attaches while a program is starting, and waits for ever
// where it does so just as a page replaces the window's first empty one. It calls `__playwright_run` when it has
// attached; until then the app is held before its first window. Started by anything else, the app is not held.
const { app } = require("electron");

if (process.argv.includes("--inspect=0")) {
  const ready = app.whenReady();
  const driven = new Promise((resolve) => (globalThis.__playwright_run = resolve));
  app.whenReady = () => Promise.all([ready, driven]).then(() => undefined);
}
require("./out/main/index.cjs");
