import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.ts";
import { startDemoServer, type DemoServer } from "./demoServer.ts";
import { buildAndStage, openApp } from "./launch.ts";
import { cache, say } from "./paths.ts";

const demoDir = join(cache, "demo");

await command(async () => {
  await rm(demoDir, { recursive: true, force: true });
  await mkdir(join(demoDir, "homeserver"), { recursive: true });
  let server: DemoServer | undefined;
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
    server = await startDemoServer(join(demoDir, "homeserver"));
    process.stdout.write(table(server));
    return await openApp(staged, [`--user-data-dir=${join(demoDir, "app")}`]);
  } finally {
    await end();
    say("the demo has ended, and nothing of it is kept");
  }
});

/** What the person at the terminal needs to know. */
function table({ homeserver, mailboxPage, accounts }: DemoServer): string {
  const rows = [
    ["User name", "Password", "What it is"],
    ...accounts.map(({ user, password, about }) => [user, password, about]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ").trimEnd());
  const unlocks = accounts.flatMap(({ user, securityKey, securityPhrase }) =>
    securityKey === undefined
      ? []
      : [`Security Key of ${user}:    ${securityKey}`, `Security Phrase of ${user}: ${securityPhrase ?? "none"}`],
  );
  return [
    "",
    `Homeserver: ${homeserver}`,
    `Mailbox:    ${mailboxPage} (these accounts, too)`,
    "",
    ...lines,
    "",
    ...unlocks,
    "",
    "Ctrl+C ends everything.",
    "",
    "",
  ].join("\n");
}
