"use strict";
// Runs before the app in `npm run dev`: gives it a data folder of its own, and lets the command reload or end it.
const { join } = require("node:path");
const { app, BrowserWindow } = require("electron");

if (!app.commandLine.hasSwitch("user-data-dir")) {
  const folder = join(app.getPath("appData"), "Steward Dev");
  app.setPath("userData", folder);
  // The app looks for the switch before it chooses a folder itself.
  app.commandLine.appendSwitch("user-data-dir", folder);
}
process.on("message", (message) => {
  if (message === "end") app.quit();
  if (message === "reload") for (const window of BrowserWindow.getAllWindows()) window.webContents.reloadIgnoringCache();
});
// The command is gone, and with it whoever looks at the window.
process.on("disconnect", () => app.quit());
require("./out/main/index.cjs");
