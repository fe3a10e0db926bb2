import type { Emit } from "../../shared/contract/index.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { KeepOutOfLogs } from "../../shared/secret.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Logger } from "../logging/logger.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { Challenges } from "../uia/challenges.ts";
import { AddEmail } from "./addEmail.ts";
import { AddPhone } from "./addPhone.ts";
import { AddressService } from "./addresses.ts";
import { IdentityServers } from "./identityServer/identityServers.ts";
import { IdentityTokens } from "./identityServer/identityTokens.ts";
import { PendingShares } from "./identityServer/pendingShares.ts";
import { ShareAddresses } from "./identityServer/shareAddresses.ts";
import { PendingEmails } from "./pendingEmails.ts";
import { PendingPhones } from "./pendingPhones.ts";

export interface AddressServicesParts {
  sessions: Pick<SessionManager, "session" | "onRunning">;
  challenges: Challenges;
  secretStore: Pick<SecretStore, "read" | "update">;
  fetch: Fetch;
  keepOutOfLogs: KeepOutOfLogs;
  openInBrowser: (url: string, baseUrl: string) => Promise<void>;
  emit: Emit;
  logger: Logger;
  /** Called when an account has other addresses than before. */
  onChanged: (accountId: AccountId) => void;
}

/** Makes what lists, adds, removes and shares the email addresses and phone numbers of accounts. */
export function createAddressServices(parts: AddressServicesParts) {
  const { sessions, secretStore, emit, logger, onChanged } = parts;
  const pendingEmails = new PendingEmails({ secretStore, emit });
  const pendingPhones = new PendingPhones({ secretStore, emit });
  const addEmail = new AddEmail({ ...parts, pending: pendingEmails });
  const tokens = new IdentityTokens(parts);
  const identityServers = new IdentityServers({ ...parts, tokens });
  const shareAddresses = new ShareAddresses({
    ...parts,
    tokens,
    servers: identityServers,
    pending: new PendingShares({ secretStore, emit }),
  });
  sessions.onRunning((accountId) => {
    addEmail.resume(accountId).catch((error: unknown) => logger.warn("emails not looked after", { accountId, error }));
    shareAddresses.resume(accountId).catch((error: unknown) => logger.warn("shared addresses not looked after", { accountId, error }));
  });
  return {
    addresses: new AddressService({ sessions, pendingEmails, pendingPhones, onChanged }),
    addEmail,
    identityServers,
    shareAddresses,
    addPhone: new AddPhone({ ...parts, pending: pendingPhones }),
  };
}
