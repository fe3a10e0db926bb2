import { randomInt } from "node:crypto";
import type { AccountId, ConversationId } from "../../shared/ids.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Names a new account or conversation. */
export function newId<T extends AccountId | ConversationId>(): T {
  return Array.from({ length: 16 }, () => LETTERS[randomInt(LETTERS.length)]).join("") as T;
}

/** Names a device before the server does, so that a repeated sign-in gives the same one: ten capitals, as Synapse makes them. */
export function newDeviceId(): string {
  return Array.from({ length: 10 }, () => String.fromCharCode(65 + randomInt(26))).join("");
}
