import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DbusConnection } from "../../main/secrets/dbusConnection.ts";
import { viewSecretService } from "../../main/secrets/secretService.ts";
import { temporaryFolder } from "./temporaryFolder.ts";
import { waitUntil, within } from "./waitUntil.ts";

/** A Secret Service of our own, apart from the one of whoever runs the tests. */
export interface SecretServiceForTests {
  /** What a process needs in its environment to use this service and no other. */
  readonly env: Readonly<Record<string, string>>;
  /** Locks the login keyring, as a screen lock may. */
  lock(): Promise<void>;
  /** Unlocks it again, as the person's password in the system's dialog does. */
  unlock(): Promise<void>;
  /** Kills the keyring's daemon; its files stay. */
  killDaemon(): Promise<void>;
  /** Starts the daemon again after `killDaemon`. */
  startDaemon(mode?: "unlocked" | "locked"): Promise<void>;
  /** Stops all of it and removes its files. */
  stop(): Promise<void>;
}

const PASSWORD = "the login password";
const LOGIN = "/org/freedesktop/secrets/collection/login";
const SERVICE = { destination: "org.freedesktop.secrets", path: "/org/freedesktop/secrets" };
const SERVICE_INTERFACE = "org.freedesktop.Secret.Service";
const START_TIMEOUT_MS = 15_000;

/** A bus that starts nothing by itself: no prompter, no second keyring. */
const busConfig = (socket: string): string => `<!DOCTYPE busconfig PUBLIC
  "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

/**
 * Starts a private D-Bus session, and on it gnome-keyring.
 *
 * @param mode `none` starts the bus alone: a computer without a keychain
 */
export async function startSecretService(mode: "unlocked" | "locked" | "none" = "unlocked"): Promise<SecretServiceForTests> {
  const folder = await temporaryFolder("keyring");
  const home = join(folder.path, "home");
  const runtime = join(folder.path, "run");
  const data = join(folder.path, "data");
  for (const path of [home, runtime, data]) await mkdir(path, { mode: 0o700 });
  const socket = join(folder.path, "bus");
  await writeFile(join(folder.path, "bus.conf"), busConfig(socket));
  const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${socket}`, XDG_RUNTIME_DIR: runtime };
  const daemonEnv = { PATH: process.env["PATH"] ?? "", HOME: home, XDG_DATA_HOME: data, ...env };

  const started: ChildProcess[] = [];
  const start = (command: string, args: readonly string[]): ChildProcess => {
    const child = spawn(command, args, { env: daemonEnv, stdio: ["pipe", "ignore", "ignore"] });
    child.on("error", () => undefined);
    started.push(child);
    return child;
  };

  const bus = start("dbus-daemon", [`--config-file=${join(folder.path, "bus.conf")}`, "--nofork"]);
  let keyring: ChildProcess | null = null;

  const killDaemon = async (): Promise<void> => {
    if (keyring !== null) await end(keyring, "SIGKILL");
    keyring = null;
    await waitUntil(async () => (await stateOf(env)) === "unreachable", { what: "the keyring to be gone" });
  };

  const startDaemon = async (as: "unlocked" | "locked" = "unlocked"): Promise<void> => {
    // The control socket of a killed one would make the next one hand over to it.
    await rm(join(runtime, "control"), { force: true });
    keyring = start("gnome-keyring-daemon", ["--foreground", "--unlock", "--components=secrets", `--control-directory=${runtime}`]);
    keyring.stdin?.end(PASSWORD);
    await waitUntil(async () => (await stateOf(env)) === "unlocked", {
      timeoutMs: START_TIMEOUT_MS,
      what: "the keyring to be unlocked (are gnome-keyring and dbus-daemon installed?)",
    });
    if (as === "locked") await lock();
  };

  const lock = async (): Promise<void> => {
    await onBus(socket, async (connection) => {
      await connection.call({
        ...SERVICE,
        interface: SERVICE_INTERFACE,
        member: "Lock",
        signature: "ao",
        args: [[LOGIN]],
      });
    });
    await waitUntil(async () => (await stateOf(env)) === "locked", { what: "the keyring to be locked" });
  };

  const unlock = async (): Promise<void> => {
    await onBus(socket, async (connection) => {
      const [, session] = await connection.call({
        ...SERVICE,
        interface: SERVICE_INTERFACE,
        member: "OpenSession",
        signature: "sv",
        args: ["plain", { signature: "s", value: "" }],
      });
      await connection.call({
        ...SERVICE,
        interface: "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
        member: "UnlockWithMasterPassword",
        signature: "o(oayays)",
        args: [LOGIN, [session, [], [...Buffer.from(PASSWORD)], "text/plain"]],
      });
    });
    await waitUntil(async () => (await stateOf(env)) === "unlocked", { what: "the keyring to be unlocked again" });
  };

  const stop = async (): Promise<void> => {
    await Promise.all(started.reverse().map((child) => end(child, "SIGTERM")));
    await folder.remove();
  };

  try {
    await waitUntil(() => canConnect(socket), { timeoutMs: START_TIMEOUT_MS, what: "the private D-Bus session" });
    if (mode !== "none") await startDaemon(mode);
  } catch (error) {
    await stop();
    throw error;
  }
  if (bus.exitCode !== null) throw new Error("The private D-Bus session ended at once");
  return { env, lock, unlock, killDaemon, startDaemon, stop };
}

async function stateOf(env: Readonly<Record<string, string>>): Promise<"unreachable" | "unlocked" | "locked" | "none"> {
  const view = await viewSecretService(env, { service: "x", account: "x" }, 2_000);
  return view.kind === "unreachable" ? "unreachable" : view.defaultCollection;
}

async function canConnect(socket: string): Promise<boolean> {
  return onBus(socket, () => Promise.resolve(true)).catch(() => false);
}

async function onBus<T>(socket: string, use: (connection: DbusConnection) => Promise<T>): Promise<T> {
  const connection = new DbusConnection(socket);
  try {
    await connection.open();
    return await use(connection);
  } finally {
    connection.close();
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await within(exited, 5_000, `${child.spawnfile} to end`).catch(async () => {
    child.kill("SIGKILL");
    await exited;
  });
}
