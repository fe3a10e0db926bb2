import { expect } from "vitest";
import type { Services } from "../../main/services.ts";
import type { Challenge } from "../../shared/contract/challenges.ts";
import type { SetUp, SetUpKind } from "../../shared/contract/setUp.ts";
import type { AccountId } from "../../shared/ids.ts";
import { secretOf } from "./secretValues.ts";
import { openSecureBackup, type SecureBackupRig } from "./secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "./sdkSession.ts";
import { StewardData } from "./stewardServices.ts";
import type { Synapse, TestUser } from "./synapse.ts";

/** Opens Secure Backup for a person who answers every question for the password at once. */
export function openForPerson(services: Services, { password }: Pick<TestUser, "password">): SecureBackupRig {
  return openSecureBackup(services, ({ challenges, events }, channel) => {
    if (channel !== "challenges.changed") return;
    const { challengeId, status } = events.at(-1)!.payload as Challenge;
    // The conversation waits from the moment it asks, which is right after this event.
    if (status === "asking")
      queueMicrotask(() => challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", password) } }));
  });
}

/** Opens Secure Backup for a person who cancels at the question for the password. */
export function openForCanceller(services: Services): SecureBackupRig {
  return openSecureBackup(services, ({ challenges, events }, channel) => {
    if (channel !== "challenges.changed") return;
    const { challengeId, status } = events.at(-1)!.payload as Challenge;
    if (status === "asking") queueMicrotask(() => challenges.cancel({ challengeId }));
  });
}

/** A new user of a homeserver before the open app, not signed in yet. */
export interface NewUser {
  data: StewardData;
  services: Services;
  user: TestUser;
  rig: SecureBackupRig;
}

let users = 0;

/** Registers a user and opens the app for them; `data` is the test's to destroy. */
export async function openForNewUser(synapse: Synapse): Promise<NewUser> {
  const user = await synapse.register({ user: `person${(users += 1)}`, password: `password of ${users}` });
  const data = await StewardData.create();
  const services = await data.open();
  return { data, services, user, rig: openForPerson(services, user) };
}

/** Sets Secure Backup up by another client, which puts so many room keys into it and goes on running. */
export async function setUpElsewhere(
  synapse: Synapse,
  user: TestUser,
  roomKeys: number,
): Promise<{ other: SdkSession; securityKey: string }> {
  const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  try {
    const securityKey = await other.setUpSecureBackup();
    await other.sendRoomKeys(roomKeys);
    return { other, securityKey };
  } catch (error) {
    other.stop();
    throw error;
  }
}

/** Begins a change of key or a reset; what is shown must be typed back. */
export async function beginReplacing(
  { service }: Pick<SecureBackupRig, "service">,
  accountId: AccountId,
  kind: Exclude<SetUpKind, "set_up">,
  options: { deleteUnopened?: boolean } = {},
): Promise<string> {
  const { confirmation } = await service.resetPreview({ accountId });
  const begun = await service.beginSetUp({ accountId, kind, method: "key", confirmation, ...options });
  expect(begun.setUp).toMatchObject({ kind, phase: "confirm_key" });
  return begun.securityKey.reveal();
}

/** Changes the key or resets, and answers the new key and what came of it. */
export async function replace(
  rig: Pick<SecureBackupRig, "service">,
  accountId: AccountId,
  kind: Exclude<SetUpKind, "set_up">,
  options: { deleteUnopened?: boolean } = {},
): Promise<{ securityKey: string; setUp: SetUp }> {
  const securityKey = await beginReplacing(rig, accountId, kind, options);
  const { setUp } = await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", securityKey) });
  return { securityKey, setUp };
}
