import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.ts";
import { cache, root, say } from "./paths.ts";
import { runTests } from "./test.ts";

/** Takes the README's picture anew: runs the test that shows all accounts, and keeps what it took in the light. */
await command(async () => {
  const code = await runTests(["e2e", "allAccounts"]);
  if (code !== 0) return code;
  const folder = join(root, "build/pictures");
  await mkdir(folder, { recursive: true });
  await copyFile(join(cache, "screens/all-accounts-light.png"), join(folder, "all-accounts.png"));
  say("the picture is build/pictures/all-accounts.png");
  return 0;
});
