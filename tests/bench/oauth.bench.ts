import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark, Measured } from "../../build/bench.ts";
import { startAuthServers } from "../support/authService/authServers.ts";
import { OauthAccount, TOKEN } from "../support/authService/oauthAccount.ts";
import { runScript } from "../support/childProcess.ts";
import { secretOf } from "../support/secretValues.ts";
import { StewardData } from "../support/stewardServices.ts";
import { median } from "./runningApp.ts";

const CHILD = fileURLToPath(new URL("restartChild.ts", import.meta.url));
const STARTS = 15;
/** A refresh is one request more, and what it gives is on the disk before it is used. */
const TARGET = 1.2;

/**
 * The start of an account whose access token has expired while Steward was closed, against that of one that was signed in
 * with a password: on the same homeserver, in turns, each in a process of its own, until it runs.
 */
export async function measureOauthRestart(starts: number): Promise<Measured> {
  const servers = await startAuthServers();
  const withPassword = await StewardData.create();
  let oauth: OauthAccount | null = null;
  try {
    const { proxy, auth } = servers;
    proxy.elsewhere = auth.compatibility;
    const user = await auth.addUser({ localpart: "password", password: "a password" });
    const { passwordSignIns } = await withPassword.open();
    const identifier = { kind: "user" as const, user: user.localpart };
    await passwordSignIns.signIn({
      serverName: null,
      baseUrl: proxy.baseUrl,
      identifier,
      password: secretOf("password", user.password),
      acceptInsecureHttp: false,
    });
    await withPassword.close();
    oauth = await OauthAccount.signIn(servers, {});
    await oauth.data.close();
    const [ours, reference]: [number[], number[]] = [[], []];
    // The first start of each warms the disk cache and does not count.
    for (let turn = 0; turn <= starts; turn += 1) {
      const passwordMs = await start(withPassword);
      await oauth.open();
      await oauth.closeWithExpiredToken();
      auth.faults.clearRecord();
      const oauthMs = await start(oauth.data);
      const refreshed = auth.faults.requests(TOKEN).length;
      if (refreshed !== 1) throw new Error(`the tokens were refreshed ${refreshed} times`);
      if (turn === 0) continue;
      reference.push(passwordMs);
      ours.push(oauthMs);
    }
    return { ours: median(ours), reference: median(reference), ratio: median(ours) / median(reference), unit: "ms", target: TARGET };
  } finally {
    await oauth?.data.destroy();
    await withPassword.destroy();
    await servers.stop();
  }
}

/** Milliseconds until the account on a data folder runs. */
async function start(data: StewardData): Promise<number> {
  const keychainFile = join(data.folder, "keychain.json");
  await writeFile(keychainFile, JSON.stringify([...data.keychain.entries]));
  const child = runScript(CHILD, [data.folder, keychainFile]);
  try {
    return Number((await child.line("running", 60_000)).split(" ")[1]);
  } finally {
    await child.ended();
  }
}

/** Accounts of homeservers that leave signing in to an authorization server. */
export const benchmarks: Benchmark[] = [{ name: "oauth.restart", run: () => measureOauthRestart(STARTS) }];
