import { expect, it } from "vitest";
import { RoomKeysService, type RoomKeysParts } from "../../../main/encryption/roomKeysService.ts";
import { SecureBackupService, type SecureBackupParts } from "../../../main/encryption/secureBackupService.ts";
import { contract } from "../../../shared/contract/index.ts";
import { type AppError, fail } from "../../../shared/errors.ts";
import { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { secretOf } from "../../support/secretValues.ts";

const accountId = AccountId.parse("abcdefgh01234567");
const parts: unknown = {
  session: () => {
    throw fail("no_such_account");
  },
};

/** It is asked for while somebody types, and the account may go meanwhile. */
it("how hard a phrase is to guess ends with an error that the contract names, where the account has just gone", async () => {
  const [secureBackup, roomKeys] = [new SecureBackupService(parts as SecureBackupParts), new RoomKeysService(parts as RoomKeysParts)];
  const ofBackup = async () => secureBackup.phraseStrength({ accountId, phrase: secretOf("Security Key", "a phrase") });
  const ofFile = async () => roomKeys.passphraseStrength({ accountId, passphrase: secretOf("passphrase", "a phrase") });
  const { kind } = (await errorOf(ofBackup())) as AppError;
  expect(contract.secureBackup.requests.phraseStrength.errors).toContain(kind);
  expect(await errorOf(ofFile())).toEqual({ kind });
  expect(contract.roomKeys.requests.passphraseStrength.errors).toContain(kind);
});
