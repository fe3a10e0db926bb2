import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.ts";
import { cache, root, say } from "./paths.ts";
import { runTests } from "./test.ts";

/** The README's pictures, and the screens that they show, as the e2e tests call them. */
const PICTURES: Readonly<Record<string, string>> = {
  "all-accounts": "all-accounts",
  "phone-code": "create-phone-code",
  "email-sent": "addresses-sent",
  password: "password-change",
};
/** The tests that take them. */
const TESTS = ["allAccounts", "createAccount", "addresses", "password"];

/** Takes the README's pictures anew: runs the tests that show them, and keeps what they took in the light. */
await command(async () => {
  const code = await runTests(["e2e", ...TESTS]);
  if (code !== 0) return code;
  const folder = join(root, "build/pictures");
  await mkdir(folder, { recursive: true });
  for (const [name, screen] of Object.entries(PICTURES)) {
    await copyFile(join(cache, `screens/${screen}-light.png`), join(folder, `${name}.png`));
  }
  say(`the pictures are in ${folder}`);
  return 0;
});
