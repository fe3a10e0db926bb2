import { Challenges } from "../../main/uia/challenges.ts";
import { SecureBackupService } from "../../main/encryption/secureBackupService.ts";
import type { Services } from "../../main/services.ts";
import { phraseStrength } from "../../main/secrets/phraseStrength.ts";
import type { SuggestedName } from "../../main/storage/suggestedName.ts";
import type { SetUp } from "../../shared/contract/setUp.ts";
import type { Emit, EventChannel, EventPayload } from "../../shared/contract/index.ts";
import type { AccountId } from "../../shared/ids.ts";
import { revealed, secretOf } from "./secretValues.ts";
import type { TestUser } from "./synapse.ts";

/** Secure Backup as `main` builds it, with what it would have shown, copied and saved. */
export interface SecureBackupRig {
  service: SecureBackupService;
  challenges: Challenges;
  kept: { copied: string[]; saved: { suggestedName: SuggestedName; text: string }[] };
  events: { channel: EventChannel; payload: EventPayload<EventChannel> }[];
}

/**
 * Builds the service on top of others that are open.
 *
 * @param onEvent called with each event, for tests that answer a Challenge
 */
export function openSecureBackup(services: Services, onEvent?: (rig: SecureBackupRig, channel: string) => void): SecureBackupRig {
  const events: SecureBackupRig["events"] = [];
  const kept: SecureBackupRig["kept"] = { copied: [], saved: [] };
  const emit: Emit = (channel, payload) => {
    events.push({ channel, payload });
    onEvent?.(rig, channel);
  };
  const challenges = new Challenges({ emit });
  const silent = (): void => undefined;
  const service = new SecureBackupService({
    session: (accountId) => services.sessions.session(accountId),
    whenStarted: (accountId) => services.sessions.opened(accountId),
    secretStore: services.secretStore,
    challenges,
    emit,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    ports: {
      copyText: (secret) => Promise.resolve(void kept.copied.push(secret.reveal())),
      saveText: ({ suggestedName, text }) => Promise.resolve(kept.saved.push({ suggestedName, text: revealed(text) }) > 0),
      print: () => Promise.resolve(true),
    },
    phraseStrength,
    displayName: (accountId) => services.sessions.account(accountId).displayName,
    onSettled: () => undefined,
    onIdentityChanged: () => undefined,
  });
  const rig: SecureBackupRig = { service, challenges, kept, events };
  return rig;
}

/** Signs a user in as the app does. */
export function signInTo(services: Services, { userId, password }: TestUser, baseUrl: string): Promise<AccountId> {
  return services.passwordSignIns.signIn({
    serverName: null,
    baseUrl,
    identifier: { kind: "user", user: userId },
    password: secretOf("password", password),
    acceptInsecureHttp: false,
  });
}

/** Sets up with a Security Key and answers it, with what came of it. */
export async function setUpWithKey({ service }: SecureBackupRig, accountId: AccountId): Promise<{ securityKey: string; setUp: SetUp }> {
  const { securityKey } = await service.beginSetUp({ accountId, method: "key" });
  const { setUp } = await service.confirmSetUp({ accountId, typed: securityKey });
  return { securityKey: securityKey.reveal(), setUp };
}
