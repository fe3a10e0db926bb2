import { createHmac } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { run } from "../../build/processes.ts";
import { login, manyTimes, matrixCall, matrixOk, type MatrixAnswer, type MatrixCall, type Tokens } from "./matrixApi.ts";
import { freePort } from "./ports.ts";
import { registrationSharedSecret, synapseFiles, writeSynapseConfig } from "./synapseConfig.ts";
import type { SynapseFiles, SynapseOptions } from "./synapseConfig.ts";
import { PortTakenError, SynapseProcess } from "./synapseProcess.ts";
import { copyTemplate, ensureTemplate } from "./synapseTemplate.ts";
import { ensureOlderSynapse, ensureSynapse } from "./synapseVenv.ts";

export type { SynapseOptions } from "./synapseConfig.ts";

/** A user that a test may sign in as. */
export interface TestUser {
  /** The localpart. */
  user: string;
  /** The full Matrix ID. */
  userId: string;
  password: string;
}

/** A user in the server's table, with every column that it has. */
export interface UserLine extends Record<string, unknown> {
  /** The full Matrix ID. */
  name: string;
  displayname: string | null;
}

/** Who to register. */
export interface NewUser {
  user: string;
  password: string;
  admin?: boolean;
  displayName?: string;
}

/**
 * Starts a real Synapse on a random port of 127.0.0.1 with an empty database, and waits until it answers (about two
 * seconds). The first call on a machine installs Synapse.
 */
export async function startSynapse(options: SynapseOptions = {}): Promise<Synapse> {
  const { python, fingerprint } = await (options.older ? ensureOlderSynapse() : ensureSynapse());
  const template = await ensureTemplate(`empty-${fingerprint}`, (dir) => makeEmptyDatabase(python, dir));
  return launch(python, template, options);
}

/**
 * Starts a Synapse on which the user `crowded` is joined to `rooms` rooms of their own. The first call for a number makes
 * them through the server's API (slow: about 20 rooms a second) and keeps the database in `.cache/`; later ones copy it.
 */
export async function startSynapseWithRooms(
  rooms: number,
  options: Omit<SynapseOptions, "serverName"> = {},
): Promise<{ synapse: Synapse; crowded: TestUser }> {
  const { python, fingerprint } = await ensureSynapse();
  const named = { ...options, serverName: "crowded.test" };
  const password = "many rooms, one account";
  const template = await ensureTemplate(`rooms-${rooms}-${fingerprint}`, async (dir) => {
    await copyTemplate(await ensureTemplate(`empty-${fingerprint}`, (empty) => makeEmptyDatabase(python, empty)), dir);
    const files = synapseFiles(dir);
    const { process, baseUrl } = await startIn(python, files, named);
    const synapse = new Synapse({ python, files, process, baseUrl, serverName: named.serverName });
    await synapse.register({ user: "crowded", password });
    await joinRooms(baseUrl, await synapse.login("crowded", password), rooms);
    await process.end();
  });
  const synapse = await launch(python, template, named);
  return { synapse, crowded: { user: "crowded", userId: "@crowded:crowded.test", password } };
}

/** Makes rooms of the session's own, which joins it to them. */
export async function joinRooms(baseUrl: string, session: Tokens, count: number): Promise<void> {
  await manyTimes(count, 4, (index) =>
    matrixOk(baseUrl, {
      path: "/_matrix/client/v3/createRoom",
      token: session.accessToken,
      body: { preset: "private_chat", name: `Room ${index}` },
    }),
  );
}

/** A running Synapse. */
export class Synapse {
  readonly baseUrl: string;
  readonly serverName: string;
  /** With which accounts are made without signing in, as its configuration has it. */
  readonly registrationSharedSecret = registrationSharedSecret;
  readonly #python: string;
  readonly #files: SynapseFiles;
  #process: SynapseProcess;
  #admin: Promise<TestUser> | null = null;
  #adminTokens: Promise<Tokens> | null = null;

  constructor(parts: { python: string; files: SynapseFiles; process: SynapseProcess; baseUrl: string; serverName: string }) {
    this.#python = parts.python;
    this.#files = parts.files;
    this.#process = parts.process;
    this.baseUrl = parts.baseUrl;
    this.serverName = parts.serverName;
  }

  /** Registers a user, who has no session yet. Works with registration closed. */
  async register({ user, password, admin = false, displayName }: NewUser): Promise<TestUser> {
    const path = "/_synapse/admin/v1/register";
    const { nonce } = await this.call({ path });
    const mac = createHmac("sha1", registrationSharedSecret)
      .update([nonce, user, password, admin ? "admin" : "notadmin"].join("\0"))
      .digest("hex");
    const { user_id: userId } = await this.call({
      path,
      body: { nonce, username: user, password, admin, displayname: displayName, mac, inhibit_login: true },
    });
    return { user, userId, password };
  }

  /** Signs in with a password (localpart or full id) and makes a new session. */
  login(user: string, password: string, device: { deviceId?: string; displayName?: string } = {}): Promise<Tokens> {
    return login(this.baseUrl, user, password, device);
  }

  /** Signs a user in `count` times over, as sessions with names of their own. */
  addSessions({ user, password }: TestUser, count: number): Promise<Tokens[]> {
    return manyTimes(count, 4, (index) => this.login(user, password, { displayName: `Session ${index + 1}` }));
  }

  /** The access token of an admin that exists for the tests' own use; made at the first call. */
  async adminToken(): Promise<string> {
    this.#admin ??= this.register({ user: "test-admin", password: "the tests' admin", admin: true });
    const { user, password } = await this.#admin;
    this.#adminTokens ??= this.login(user, password);
    return (await this.#adminTokens).accessToken;
  }

  /** Calls the server's API and answers the body; throws on anything but a success. */
  call(call: MatrixCall): Promise<MatrixAnswer["body"]> {
    return matrixOk(this.baseUrl, call);
  }

  /** As `call`, as an admin. */
  async adminCall(call: Omit<MatrixCall, "token">): Promise<MatrixAnswer["body"]> {
    return this.call({ ...call, token: await this.adminToken() });
  }

  /**
   * Deactivates a user whose password goes on being right. That is how users stand whose passwords are not the server's
   * own (LDAP and the like): of those alone Synapse says that they are deactivated, and not "wrong password".
   */
  async deactivateWithPasswordKept({ userId }: Pick<TestUser, "userId">): Promise<void> {
    // Synapse writes to it as well: whoever comes second waits.
    const database = new DatabaseSync(this.#files.database, { timeout: 15_000 });
    try {
      const { password_hash: hash } = database.prepare("SELECT password_hash FROM users WHERE name = ?").get(userId) ?? {};
      if (typeof hash !== "string") throw new Error(`${userId} has no password`);
      await this.adminCall({
        method: "POST",
        path: `/_synapse/admin/v1/deactivate/${encodeURIComponent(userId)}`,
        body: { erase: false },
      });
      database.prepare("UPDATE users SET password_hash = ? WHERE name = ?").run(hash, userId);
    } finally {
      database.close();
    }
  }

  /**
   * Does what a young database is without: Synapse makes this index some minutes after its first start, and cannot reactivate
   * anybody before.
   */
  makeProfileIndex(): void {
    const database = new DatabaseSync(this.#files.database, { timeout: 15_000 });
    try {
      database.exec("CREATE UNIQUE INDEX IF NOT EXISTS profiles_full_user_id_key ON profiles (full_user_id)");
    } finally {
      database.close();
    }
  }

  /** Gives a user an email address (in place of those they had), as if they had proved it. */
  setEmail(user: Pick<TestUser, "userId">, address: string): Promise<void> {
    return this.setThreepid(user, { medium: "email", address });
  }

  /** As `setEmail`, also for a phone number (medium `msisdn`, digits with the country code). */
  async setThreepid({ userId }: Pick<TestUser, "userId">, threepid: { medium: "email" | "msisdn"; address: string }): Promise<void> {
    await this.adminCall({
      method: "PUT",
      path: `/_synapse/admin/v2/users/${encodeURIComponent(userId)}`,
      body: { threepids: [threepid] },
    });
  }

  /** Everything it has logged. */
  log(): Promise<string> {
    return readFile(this.#files.log, "utf8");
  }

  /** Ends the process as a crash would; the data stay, and `comeBack` starts it again on the same port. */
  async goDown(): Promise<void> {
    await this.#process.kill();
  }

  /** Starts again after `goDown`. */
  async comeBack(): Promise<void> {
    this.#process = await SynapseProcess.start(this.#python, this.#files, this.baseUrl);
  }

  /** Removes a device of an account, as a person does from another session: its token is no longer taken. */
  async removeDevice({ userId, user, password }: TestUser, deviceId: string): Promise<void> {
    const { accessToken: token } = await this.login(user, password);
    const path = `/_matrix/client/v3/devices/${deviceId}`;
    const refusal = await matrixCall(this.baseUrl, { method: "DELETE", path, token, body: {} });
    const identifier = { type: "m.id.user", user: userId };
    const auth = { type: "m.login.password", identifier, password, session: refusal.body.session };
    await this.call({ method: "DELETE", path, token, body: { auth } });
    await this.call({ path: "/_matrix/client/v3/logout", token, body: {} });
  }

  /** Makes every access token one that has expired, as a server with a `session_lifetime` does: a soft logout. */
  expireTokens(): Promise<void> {
    this.#adminTokens = null;
    return this.#changeDatabase("UPDATE access_tokens SET valid_until_ms = 1");
  }

  /** Makes a session one that was seen last at this time, in milliseconds since 1970, from this address. */
  setLastSeen(deviceId: string, { at, ip }: { at: number; ip: string }): Promise<void> {
    return this.#changeDatabase("UPDATE devices SET last_seen = ?, ip = ? WHERE device_id = ?", [at, ip, deviceId]);
  }

  /**
   * Makes so many users at once, `user00000` and on, named and made a minute after one another: through the API, tens of thousands
   * take an hour. They have no password.
   */
  async addUsers(count: number): Promise<void> {
    await this.goDown();
    const users = "INSERT INTO users (name, creation_ts, admin, is_guest, deactivated) VALUES (?, ?, 0, 0, 0)";
    const profiles = "INSERT INTO profiles (user_id, displayname, full_user_id) VALUES (?, ?, ?)";
    const script = [
      "names = ['user%05d' % i for i in range(int(sys.argv[2]))]",
      `d.executemany("${users}", [('@' + n + ':' + sys.argv[3], 1600000000 + 60 * i) for i, n in enumerate(names)])`,
      `d.executemany("${profiles}", [(n, 'User ' + str(i), '@' + n + ':' + sys.argv[3]) for i, n in enumerate(names)])`,
      "d.commit()",
    ];
    await this.#inDatabase(script.join("; "), String(count), this.serverName);
    await this.comeBack();
  }

  /** Every user as the server's table has them, in order, with their names: what must be unchanged is compared whole. */
  userTable(): UserLine[] {
    const database = new DatabaseSync(this.#files.database, { timeout: 15_000 });
    try {
      const lines = database
        .prepare("SELECT users.*, displayname FROM users LEFT JOIN profiles ON full_user_id = name ORDER BY name")
        .all();
      return lines.map((line) => ({ ...line }) as UserLine);
    } finally {
      database.close();
    }
  }

  /** There is no API for some things that only time brings about. Restarts the server, which caches. */
  async #changeDatabase(statement: string, values: (string | number)[] = []): Promise<void> {
    await this.goDown();
    await this.#inDatabase("d.execute(sys.argv[2], json.loads(sys.argv[3])); d.commit()", statement, JSON.stringify(values));
    await this.comeBack();
  }

  /** Every access token in force, to look for where none may be. */
  async accessTokens(): Promise<string[]> {
    const output = await this.#inDatabase("print('\\n'.join(r[0] for r in d.execute('SELECT token FROM access_tokens')))");
    return output.split("\n").filter((line) => line !== "");
  }

  /** Runs a line of Python with the database as `d`, and answers what it prints. */
  async #inDatabase(line: string, ...args: string[]): Promise<string> {
    const script = `import json, sqlite3, sys; d = sqlite3.connect(sys.argv[1]); ${line}`;
    const { code, output } = await run(this.#python, ["-c", script, this.#files.database, ...args]);
    if (code !== 0) throw new Error(`the homeserver's database could not be used: ${output}`);
    return output;
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.#process.kill();
    await rm(this.#files.dir, { recursive: true, force: true });
  }
}

async function launch(python: string, template: string, options: SynapseOptions): Promise<Synapse> {
  const files = synapseFiles(options.dir ?? (await mkdtemp(join(tmpdir(), "steward-synapse-"))));
  try {
    await copyTemplate(template, files.dir);
    const { process, baseUrl, port } = await startIn(python, files, options);
    return new Synapse({ python, files, process, baseUrl, serverName: options.serverName ?? `localhost:${port}` });
  } catch (error) {
    await rm(files.dir, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(python: string, files: SynapseFiles, options: SynapseOptions) {
  await mkdir(join(files.dir, "media"), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const baseUrl = `http://127.0.0.1:${port}`;
    await writeSynapseConfig(files, port, options);
    try {
      return { process: await SynapseProcess.start(python, files, baseUrl), baseUrl, port };
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === 3) throw error;
    }
  }
}

async function makeEmptyDatabase(python: string, dir: string): Promise<void> {
  const { process } = await startIn(python, synapseFiles(dir), { serverName: "template.test" });
  await process.end();
}
