import type { HomeserverClient } from "./homeserverClient.ts";

/**
 * A session lends out the SDK's client. What sends requests beside the SDK is handed that alone, so the way to the server
 * goes with it: kept here, where neither side needs the other's types.
 */
const ways = new WeakMap<object, HomeserverClient>();

/** Notes the way to the server that a client of the SDK sends through. */
export function bindHomeserver(client: object, homeserver: HomeserverClient): void {
  ways.set(client, homeserver);
}

/** The way to the server of this client of the SDK. Every client that a session lends out has one. */
export function homeserverOf(client: object): HomeserverClient {
  const homeserver = ways.get(client);
  if (!homeserver) throw new Error("this client of the SDK was not made for a session");
  return homeserver;
}
