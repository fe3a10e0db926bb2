import { join } from "node:path";
import { command } from "./command.ts";
import { root } from "./paths.ts";
import { run } from "./processes.ts";

/** Lays out the whole project by Prettier's rules, which `npm run lint` checks. */
await command(async () => {
  const { code } = await run(
    process.execPath,
    [join(root, "node_modules/prettier/bin/prettier.cjs"), "--write", "--log-level", "warn", "."],
    { cwd: root, shown: true },
  );
  return code;
});
