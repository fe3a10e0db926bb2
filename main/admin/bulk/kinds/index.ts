import type { BulkAction } from "../../../../shared/contract/bulk.ts";
import type { BulkKind } from "../bulkKind.ts";
import { changeUsers } from "./changeUsers.ts";
import { createUsers } from "./createUsers.ts";
import { deactivateUsers, eraseUsers } from "./deactivateUsers.ts";
import { deleteMedia } from "./deleteMedia.ts";
import { reactivateUsers } from "./reactivateUsers.ts";
import { resetPasswords } from "./resetPasswords.ts";
import { sendNotices } from "./sendNotices.ts";
import { pruneSessions, signOutUsers } from "./sessionKinds.ts";
import { lockUsers, suspendUsers, unlockUsers, unsuspendUsers } from "./stateKinds.ts";

/** Every kind of work on many users. */
export const BULK_KINDS: readonly BulkKind[] = [
  createUsers,
  changeUsers,
  resetPasswords,
  lockUsers,
  unlockUsers,
  suspendUsers,
  unsuspendUsers,
  signOutUsers,
  pruneSessions,
  sendNotices,
  deleteMedia,
  deactivateUsers,
  eraseUsers,
  reactivateUsers,
];

const BY_ACTION = new Map(BULK_KINDS.map((kind) => [kind.action, kind]));

export function kindOf(action: BulkAction): BulkKind {
  const kind = BY_ACTION.get(action);
  if (kind === undefined) throw new TypeError(`No kind of bulk work does "${action}".`);
  return kind;
}

/** The kind that a Job of this name was begun as; undefined for one of a later version. */
export const kindOfJob = (name: string): BulkKind | undefined => BULK_KINDS.find(({ kind }) => kind === name);
