import type { MatrixClient } from "matrix-js-sdk";

/** What the SDK asks for now and then, by itself. */
interface Poller {
  start(): void;
}

/** The SDK's pollers for the server's capabilities and its servers for calls. */
interface Pollers {
  serverCapabilitiesService?: Partial<Poller>;
  cachedRtcTransports?: Partial<Poller>;
}

/**
 * Spares the requests that the SDK makes at each start and that nothing here needs, four of six before its sync begins:
 *
 * - the push rules: they decide about messages, and no rooms are synced;
 * - a filter that is stored on the server: `GET /_matrix/client/v3/sync` takes it as JSON as well;
 * - the server's capabilities, which whoever needs them asks for, and its servers for calls.
 *
 * To be called before the client is started.
 * @param ended aborted when the session ends: the start goes no further then. Of a first sync that fails at once the SDK
 *   hears too late, and leaves a rejection that nobody handles
 * @throws Error when the SDK's pollers are not where they were
 */
export function startLean(client: MatrixClient, ended: AbortSignal): void {
  client.getPushRules = () => Promise.resolve({ global: {}, device: {} });
  client.getOrCreateFilter = (_name, filter) =>
    ended.aborted ? Promise.reject(new Error("the session has ended")) : Promise.resolve(JSON.stringify(filter.getDefinition()));
  const { serverCapabilitiesService, cachedRtcTransports } = client as unknown as Pollers;
  for (const poller of [serverCapabilitiesService, cachedRtcTransports]) {
    if (typeof poller?.start !== "function") throw new Error("The SDK's pollers are not where they were");
    poller.start = () => undefined;
  }
}
