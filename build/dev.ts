import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.ts";
import { demoTable, startDemoServer } from "./demoServer.ts";
import { develop } from "./developing.ts";
import { cache } from "./paths.ts";

await command(async () => {
  const args = process.argv.slice(2);
  if (!args.includes("--demo")) return develop({ args });
  const folder = join(cache, "dev-homeserver");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const server = await startDemoServer(folder);
  try {
    process.stdout.write(demoTable(server));
    return await develop({ args: args.filter((arg) => arg !== "--demo") });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
