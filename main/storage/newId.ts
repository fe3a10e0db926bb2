import { randomInt } from "node:crypto";
import type { AccountId, ConversationId } from "../../shared/ids.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Names a new account or conversation. */
export function newId<T extends AccountId | ConversationId>(): T {
  return Array.from({ length: 16 }, () => LETTERS[randomInt(LETTERS.length)]).join("") as T;
}
