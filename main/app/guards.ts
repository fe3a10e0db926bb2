import { app, dialog } from "electron";
import { build } from "virtual:build";
import { cleanEnvironment } from "./environment.ts";
import { mainText } from "./language.ts";
import { refusedSwitches } from "./switches.ts";

/** What is looked at before anything else is loaded: how the app was started. Imported first. */

/** Whether a person may keep their accounts in this app: then nobody is let in to look on. */
export const locked = build.locked || app.isPackaged;

/** Variables that were taken out of the environment, to be logged. */
export const removedVariables = cleanEnvironment(process.env);

if (locked) {
  const { platform } = process;
  const refused = refusedSwitches(process.argv.slice(1), { platform, debuggingPort: build.debuggingPort });
  if (refused.length > 0) {
    const names = refused.map((name) => JSON.stringify(name.slice(0, 100))).join(", ");
    // Before the app is ready this goes to stderr on Linux, and is a box elsewhere.
    dialog.showErrorBox("Steward", `${mainText("start.switches")}\n${names}`);
    process.exit(1);
  }
}
