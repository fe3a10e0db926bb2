import { DbusConnection, sessionBusPath } from "./dbusConnection.ts";
import type { Variant } from "./dbusWire.ts";

/** What the freedesktop.org Secret Service says of itself and of one entry, asked without opening any dialog. */
export type SecretServiceView =
  | { kind: "unreachable" }
  | {
      kind: "reachable";
      /** The collection that new entries go to. "none" on a computer where no keyring was ever made. */
      defaultCollection: "unlocked" | "locked" | "none";
      /** Where entries with the attributes asked for lie. */
      entry: "in_unlocked" | "in_locked" | "not_found";
    };

type Environment = Readonly<Record<string, string | undefined>>;
type Attributes = Readonly<Record<string, string>>;

const SERVICE = "org.freedesktop.secrets";
const ROOT = "/org/freedesktop/secrets";
const SERVICE_INTERFACE = "org.freedesktop.Secret.Service";
const COLLECTION_INTERFACE = "org.freedesktop.Secret.Collection";
const PROMPT_INTERFACE = "org.freedesktop.Secret.Prompt";
const NO_OBJECT = "/";

/**
 * Asks the Secret Service (freedesktop.org Secret Service API, draft 0.2) about its default collection and about the
 * entry with these attributes. Starts the service where the bus knows how to. Never throws.
 *
 * @param timeoutMs after which a service that says nothing counts as unreachable
 */
export async function viewSecretService(env: Environment, attributes: Attributes, timeoutMs: number): Promise<SecretServiceView> {
  const view = await withConnection(env, timeoutMs, async (connection): Promise<SecretServiceView> => {
    const { unlocked, locked } = await searchItems(connection, attributes);
    const entry = unlocked.length > 0 ? "in_unlocked" : locked.length > 0 ? "in_locked" : "not_found";
    const collection = await defaultCollection(connection);
    if (collection === null) return { kind: "reachable", entry, defaultCollection: "none" };
    const isLocked = await isCollectionLocked(connection, collection);
    return { kind: "reachable", entry, defaultCollection: isLocked ? "locked" : "unlocked" };
  });
  return view ?? { kind: "unreachable" };
}

/**
 * Asks the service to unlock its default collection and the entry with these attributes, which opens the system's own
 * dialog. Answers true when the person has unlocked them, false when they turned it down or no dialog could be shown.
 * Takes as long as they take, up to `timeoutMs`. Never throws.
 */
export async function unlockSecretService(env: Environment, attributes: Attributes, timeoutMs: number): Promise<boolean> {
  const unlocked = await withConnection(env, timeoutMs, async (connection) => {
    const { locked } = await searchItems(connection, attributes);
    const collection = await defaultCollection(connection);
    const objects = collection === null ? locked : [collection, ...locked];
    const [, prompt] = await callService(connection, "Unlock", "ao", [objects]);
    if (prompt === NO_OBJECT) return true;
    if (typeof prompt !== "string") return false;
    const completed = connection.nextSignal({ path: prompt, interface: PROMPT_INTERFACE, member: "Completed" });
    // Where the dialog is refused, or the bus goes away, the call below says so, and nobody comes to wait for this.
    completed.catch(() => undefined);
    await connection.call({
      destination: SERVICE,
      path: prompt,
      interface: PROMPT_INTERFACE,
      member: "Prompt",
      signature: "s",
      args: [""],
    });
    const [dismissed] = await completed;
    return dismissed === false;
  });
  return unlocked ?? false;
}

/** Runs `use` on a connection of its own; null when there is no bus, it fails, or the time is up. */
async function withConnection<T>(env: Environment, timeoutMs: number, use: (connection: DbusConnection) => Promise<T>): Promise<T | null> {
  const path = sessionBusPath(env);
  if (path === null) return null;
  const connection = new DbusConnection(path);
  // Closing makes every call that still waits fail, and so ends `use`.
  const timer = setTimeout(() => connection.close(), timeoutMs);
  try {
    await connection.open();
    return await use(connection);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

function callService(connection: DbusConnection, member: string, signature: string, args: readonly unknown[]): Promise<unknown[]> {
  return connection.call({ destination: SERVICE, path: ROOT, interface: SERVICE_INTERFACE, member, signature, args });
}

async function searchItems(connection: DbusConnection, attributes: Attributes): Promise<{ unlocked: string[]; locked: string[] }> {
  const [unlocked, locked] = await callService(connection, "SearchItems", "a{ss}", [Object.entries(attributes)]);
  return { unlocked: unlocked as string[], locked: locked as string[] };
}

async function defaultCollection(connection: DbusConnection): Promise<string | null> {
  const [collection] = await callService(connection, "ReadAlias", "s", ["default"]);
  return collection === NO_OBJECT ? null : (collection as string);
}

async function isCollectionLocked(connection: DbusConnection, collection: string): Promise<boolean> {
  const [locked] = await connection.call({
    destination: SERVICE,
    path: collection,
    interface: "org.freedesktop.DBus.Properties",
    member: "Get",
    signature: "ss",
    args: [COLLECTION_INTERFACE, "Locked"],
  });
  return (locked as Variant).value !== false;
}
