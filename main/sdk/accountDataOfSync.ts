import type { MatrixClient } from "matrix-js-sdk";
import * as z from "zod";
import { homeserverOf } from "../http/homeserverOf.ts";

/** The account's own part of an answer of `GET /_matrix/client/v3/sync`: what is not sent has not changed. */
const Answer = z.object({
  account_data: z.object({ events: z.array(z.object({ type: z.string(), content: z.unknown() })) }).optional(),
});

/**
 * The account data of an answer of a sync, by type and unchecked. Null where the answer makes no sense: then nothing
 * follows from what is not in it.
 */
export function accountDataIn(answer: unknown): Map<string, unknown> | null {
  const parsed = Answer.safeParse(answer);
  if (!parsed.success) return null;
  return new Map((parsed.data.account_data?.events ?? []).map(({ type, content }) => [type, content]));
}

/** So long after this client has written account data itself, in milliseconds, the sync may not have brought them back. */
const OWN_MS = 60_000;

/** By client: null before its first answer, and for ever after one that made no sense. */
const heard = new WeakMap<MatrixClient, Map<string, unknown> | null>();

/** Notes the account data that a client's sync brings. To be called before the first sync. */
export function noteAccountData(client: MatrixClient): void {
  const { store } = client;
  const keep = store.setSyncData.bind(store);
  let all: Map<string, unknown> | null = new Map();
  // Every answer comes by here, the first one before the sync counts as running.
  store.setSyncData = (answer) => {
    const brought = accountDataIn(answer);
    if (brought === null) all = null;
    for (const [type, content] of brought ?? []) all?.set(type, content);
    heard.set(client, all);
    return keep(answer);
  };
}

/**
 * Whether a client has written account data so lately that no sync need know of it yet: where a server works in several
 * parts, the one that answers syncs learns of it later. What is asked for by its type is as it was written.
 */
export const hasJustWritten = (client: MatrixClient): boolean => homeserverOf(client).sinceChange("account_data") < OWN_MS;

/**
 * All account data of a client's account, as its sync has brought them; null where that is not known for sure. Those that
 * concern rooms and messages alone are left out of the sync.
 */
export function accountDataHeard(client: MatrixClient): ReadonlyMap<string, unknown> | null {
  if (hasJustWritten(client)) return null;
  return heard.get(client) ?? null;
}
