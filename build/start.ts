import { command } from "./command.ts";
import { buildAndStage, openApp } from "./launch.ts";

await command(async () => openApp(await buildAndStage("start"), process.argv.slice(2)));
