import { shell } from "electron";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import { parseExternalUrl } from "./externalUrl.ts";

export interface ExternalOptions {
  /** True when this http address lies on the homeserver of that account, or on the page where the account is managed. */
  isServersHttp: (url: URL, accountId: AccountId) => Promise<boolean>;
  logger: Logger;
}

export interface ExternalRequest {
  url: string;
  accountId?: AccountId | undefined;
}

/**
 * Opens a page of a homeserver that main has put together itself: https, or http at the very address that the person has
 * accepted. Everything else is refused with `forbidden`. The system's launcher may take its time, or for ever.
 */
export async function openHomeserverPage(text: string, baseUrl: string): Promise<void> {
  const url = parseExternalUrl(text);
  if (!url || (url.protocol !== "https:" && url.origin !== new URL(baseUrl).origin)) {
    throw fail("forbidden", { message: "Steward opens only https addresses and those of your own homeserver." });
  }
  await shell.openExternal(url.href);
}

/**
 * Makes the function that opens for the window anything outside the app: https anywhere, http on the named account's own
 * homeserver and account page. Everything else is refused with `forbidden`. What is opened is the address as parsed, not as typed.
 */
export function createOpenExternal({ isServersHttp, logger }: ExternalOptions): (request: ExternalRequest) => Promise<void> {
  return async ({ url: text, accountId }) => {
    const url = parseExternalUrl(text);
    const allowed = url?.protocol === "https:" || (url !== null && accountId !== undefined && (await isServersHttp(url, accountId)));
    if (!url || !allowed) {
      logger.warn("refused to open an address", { scheme: /^[a-z][a-z0-9+.-]{0,30}:/i.exec(text)?.[0] ?? "none" });
      throw fail("forbidden", { message: "Steward opens only https addresses and those of your own homeserver." });
    }
    await shell.openExternal(url.href);
  };
}
