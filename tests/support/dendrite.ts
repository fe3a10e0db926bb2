import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cache } from "../../build/paths.ts";
import { matrixOk } from "./matrixApi.ts";
import { freePort } from "./ports.ts";
import type { NewUser, TestUser } from "./synapse.ts";
import { temporaryFolder } from "./temporaryFolder.ts";
import { waitUntil } from "./waitUntil.ts";

/** Apache-2.0; the last release under that licence. */
const VERSION = "0.13.8";
const MODULE = "github.com/matrix-org/dendrite";
const folder = join(cache, "dendrite");
const program = join(folder, `dendrite-${VERSION}`);
const SHARED_SECRET = "registers the users of tests";
const USUAL_GO = "/usr/local/go/bin/go";

/** Where Go is, or null. */
export async function findGo(): Promise<string | null> {
  for (const go of ["go", USUAL_GO]) {
    const found = await promisify(execFile)(go, ["version"]).then(
      () => true,
      () => false,
    );
    if (found) return go;
  }
  return null;
}

/** Why Dendrite cannot run here, in a sentence; null when it can. */
export async function whyNoDendrite(): Promise<string | null> {
  if (process.platform === "win32") return "Dendrite is not built on Windows";
  if (existsSync(program) || (await findGo()) !== null) return null;
  return `Go is not here (neither "go" nor ${USUAL_GO}), and Dendrite is built with it`;
}

/**
 * Builds Dendrite, where that has not been done: two and a half minutes of one core, and the modules that Go fetches.
 * @returns the program
 */
export async function ensureDendrite(): Promise<string> {
  if (existsSync(program)) return program;
  const go = await findGo();
  if (go === null) throw new Error((await whyNoDendrite()) ?? "Go is not here");
  await mkdir(folder, { recursive: true });
  await promisify(execFile)(go, ["install", `${MODULE}/cmd/dendrite@v${VERSION}`], {
    // SQLite is written in C.
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: "1" },
    maxBuffer: 64 * 1024 * 1024,
  });
  await rename(join(folder, "dendrite"), program);
  return program;
}

/** A running Dendrite, with an empty database. */
export class Dendrite {
  readonly baseUrl: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #remove: () => Promise<void>;

  private constructor(baseUrl: string, child: ChildProcess, remove: () => Promise<void>) {
    this.baseUrl = baseUrl;
    this.#child = child;
    this.#remove = remove;
    this.#ended = new Promise((resolve) => {
      child.once("close", () => resolve());
      child.once("error", () => resolve());
    });
  }

  /** Starts one on a random port of 127.0.0.1 and waits until it answers. */
  static async start(): Promise<Dendrite> {
    const path = await ensureDendrite();
    const home = await temporaryFolder("dendrite");
    const port = await freePort();
    await writeFile(join(home.path, "key.pem"), signingKey());
    await writeFile(join(home.path, "dendrite.yaml"), config(home.path));
    const args = ["--config", join(home.path, "dendrite.yaml"), "--http-bind-address", `127.0.0.1:${port}`, "--https-bind-address", ""];
    const child = spawn(path, args, { cwd: home.path, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (said = (said + text.toString()).slice(-5_000)));
    const dendrite = new Dendrite(`http://127.0.0.1:${port}`, child, home.remove);
    const answers = (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`Dendrite ended while starting: ${said}`);
      return fetch(`${dendrite.baseUrl}/_matrix/client/versions`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await waitUntil(answers, { what: "Dendrite to answer", timeoutMs: 60_000 }).catch(async (thrown: unknown) => {
      await dendrite.stop();
      throw thrown;
    });
    return dendrite;
  }

  /** Registers a user, who has no session yet. */
  async register({ user, password }: NewUser): Promise<TestUser> {
    const path = "/_synapse/admin/v1/register";
    const { nonce } = await matrixOk(this.baseUrl, { path });
    const mac = createHmac("sha1", SHARED_SECRET).update([nonce, user, password, "notadmin"].join("\0")).digest("hex");
    const answer = await matrixOk(this.baseUrl, { path, body: { nonce, username: user, password, mac, admin: false } });
    return { user, userId: answer.user_id as string, password };
  }

  /** Ends it and removes what it kept. */
  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
    await this.#remove();
  }
}

/** In the form that Dendrite reads: the seed of an Ed25519 key. */
function signingKey(): string {
  const seed = randomBytes(32).toString("base64");
  return `-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: ed25519:tests\n\n${seed}\n-----END MATRIX PRIVATE KEY-----\n`;
}

function config(home: string): string {
  const database = (name: string): string => `  database: { connection_string: "file:${home}/${name}.db" }`;
  return `version: 2
global:
  server_name: dendrite.test
  private_key: ${home}/key.pem
  disable_federation: true
  jetstream: { storage_path: ${home}/jetstream }
client_api:
  registration_disabled: true
  registration_shared_secret: ${SHARED_SECRET}
  rate_limiting: { enabled: false }
federation_api:
${database("federation")}
key_server:
${database("keys")}
media_api:
  base_path: ${home}/media
${database("media")}
room_server:
${database("rooms")}
sync_api:
${database("sync")}
relay_api:
${database("relay")}
mscs:
${database("mscs")}
user_api:
  account_database: { connection_string: "file:${home}/accounts.db" }
logging:
  - { type: std, level: warn }
`;
}
