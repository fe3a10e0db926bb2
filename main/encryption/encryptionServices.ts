import { listDevices } from "../devices/deviceList.ts";
import type { ServiceParts } from "../sessions/serviceParts.ts";
import { EmergencySheets, type EmergencySheetsParts } from "./emergencySheets.ts";
import { LinkDeviceService, type LinkDeviceParts } from "./linkDevice/linkDeviceService.ts";
import { RoomKeysService, type RoomKeysParts } from "./roomKeysService.ts";
import { SecureBackupService, type SecureBackupParts } from "./secureBackupService.ts";
import type { VerificationLimits } from "./verification/limits.ts";
import { Verifications } from "./verification/verifications.ts";

export interface EncryptionServicesParts
  extends
    Pick<LinkDeviceParts, "linkTimes">,
    Pick<
      ServiceParts,
      | "secretStore"
      | "index"
      | "sessions"
      | "challenges"
      | "changes"
      | "jobs"
      | "unfinishedFiles"
      | "fetch"
      | "emit"
      | "loggerFor"
      | "openInBrowser"
      | "phraseStrength"
    > {
  /** The ways to keep a Security Key outside the app. */
  keeping: SecureBackupParts["ports"] & EmergencySheetsParts["ports"];
  /** The ways to ask for a key file. */
  keyFiles: RoomKeysParts["ports"];
  /** In place of what a person is given. */
  verificationLimits?: Partial<VerificationLimits>;
}

/** Makes what works on the encryption of accounts. */
export function createEncryptionServices(parts: EncryptionServicesParts) {
  const { index, sessions, changes, emit, loggerFor, phraseStrength } = parts;
  const logger = loggerFor("encryption");
  const common = {
    session: sessions.session.bind(sessions),
    displayName: (accountId: Parameters<typeof sessions.account>[0]) => sessions.account(accountId).displayName,
    phraseStrength,
    emit,
  };
  const secureBackup = new SecureBackupService({
    ...common,
    whenStarted: (accountId) => sessions.opened(accountId),
    secretStore: parts.secretStore,
    challenges: parts.challenges,
    logger,
    seenBackups: {
      get: (accountId) => index.get(accountId)?.seenBackup ?? null,
      keep: (accountId, seenBackup) => {
        index
          .update(accountId, (entry) => ({ ...entry, seenBackup }))
          .catch((error: unknown) => {
            logger.info("what was seen of a backup could not be kept", { accountId, error });
          });
      },
    },
    ports: parts.keeping,
    onSettled: (accountId) => changes.announce(accountId, "secureBackup"),
    onIdentityChanged: (accountId) => changes.announce(accountId, "identity"),
  });
  return {
    secureBackup,
    emergencySheet: new EmergencySheets({ secureBackup, ports: parts.keeping }),
    roomKeys: new RoomKeysService({ ...parts, ...common, ports: parts.keyFiles }),
    linkDevice: new LinkDeviceService({
      ...parts,
      loadSdk: () => import("../sdk/index.ts"),
      onLinked: (accountId) => changes.announce(accountId, "sessions"),
      logger: loggerFor("verification"),
    }),
    verifications: new Verifications({
      ...common,
      onRunning: (listener) => sessions.onRunning(listener),
      listDevices,
      onSettled: (accountId) => changes.announce(accountId, "verification"),
      logger: loggerFor("verification"),
      ...(parts.verificationLimits && { limits: parts.verificationLimits }),
    }),
  };
}
