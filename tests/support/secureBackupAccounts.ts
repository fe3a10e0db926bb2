import { expect } from "vitest";
import type { Rooms } from "../../main/rooms.ts";
import type { Challenge } from "../../shared/contract/challenges.ts";
import type { SetUp, SetUpKind } from "../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../shared/ids.ts";
import { openSecureBackup, type SecureBackupRig } from "./secureBackupRig.ts";
import type { TestUser } from "./synapse.ts";

/** Opens Secure Backup for a person who answers every question for the password at once. */
export function openForPerson(rooms: Rooms, { password }: Pick<TestUser, "password">): SecureBackupRig {
  return openSecureBackup(rooms, ({ challenges, events }, channel) => {
    if (channel !== "challenges.changed") return;
    const { challengeId, status } = events.at(-1)!.payload as Challenge;
    // The conversation waits from the moment it asks, which is right after this event.
    if (status === "asking") queueMicrotask(() => challenges.answer(challengeId, { kind: "password", password }));
  });
}

/** Opens Secure Backup for a person who cancels at the question for the password. */
export function openForCanceller(rooms: Rooms): SecureBackupRig {
  return openSecureBackup(rooms, ({ challenges, events }, channel) => {
    if (channel !== "challenges.changed") return;
    const { challengeId, status } = events.at(-1)!.payload as Challenge;
    if (status === "asking") queueMicrotask(() => challenges.cancel(challengeId));
  });
}

/** Begins a change of key or a reset; what is shown must be typed back. */
export async function beginReplacing(
  { service }: SecureBackupRig,
  accountId: AccountId,
  kind: Exclude<SetUpKind, "set_up">,
): Promise<string> {
  const { confirmation } = await service.resetPreview({ accountId });
  const begun = await service.beginSetUp({ accountId, kind, method: "key", confirmation });
  expect(begun.setUp).toMatchObject({ kind, phase: "confirm_key" });
  return begun.securityKey;
}

/** Changes the key or resets, and answers the new key and what came of it. */
export async function replace(
  rig: SecureBackupRig,
  accountId: AccountId,
  kind: Exclude<SetUpKind, "set_up">,
): Promise<{ securityKey: string; setUp: SetUp }> {
  const securityKey = await beginReplacing(rig, accountId, kind);
  const { setUp } = await rig.service.confirmSetUp({ accountId, typed: securityKey });
  return { securityKey, setUp };
}
