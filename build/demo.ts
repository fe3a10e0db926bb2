import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.ts";
import { startOauthDemo } from "./demoOauth.ts";
import { type Demo, demoTable, startDemoServer, toldAtStart } from "./demoServer.ts";
import { buildAndStage, openApp } from "./launch.ts";
import { cache, say } from "./paths.ts";

const demoDir = join(cache, "demo");

await command(async () => {
  await rm(demoDir, { recursive: true, force: true });
  await mkdir(join(demoDir, "homeserver"), { recursive: true });
  let server: Demo | undefined;
  const end = async (): Promise<void> => {
    await server?.stop();
    await rm(demoDir, { recursive: true, force: true });
  };
  // A second signal, while the first is being served, ends the process the hard way.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void end().finally(() => process.exit(0)));
  }
  try {
    const staged = await buildAndStage("demo");
    const start = process.argv.includes("oauth") ? startOauthDemo : startDemoServer;
    server = await start(join(demoDir, "homeserver"));
    process.stdout.write(demoTable(server));
    return await openApp(staged, [`--user-data-dir=${join(demoDir, "app")}`], { told: toldAtStart(server), allow: server.allow });
  } finally {
    await end();
    say("the demo has ended, and nothing of it is kept");
  }
});
