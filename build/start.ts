import { command } from "./command.ts";
import { buildAndStage, openApp } from "./launch.ts";
import { say } from "./paths.ts";
import { buildFacts } from "./purposes.ts";

await command(async () => {
  const staged = await buildAndStage("start");
  const { version } = staged.electron;
  if (buildFacts("start", version).trial) {
    say(
      `THIS IS A TRIAL. Electron ${version} gets no security fixes, so Steward keeps a data folder of its own ` +
        "(Steward Trial) and connects only to homeservers on this computer.",
    );
  }
  return openApp(staged, process.argv.slice(2));
});
