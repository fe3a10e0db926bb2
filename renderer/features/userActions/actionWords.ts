import type { ActionPreview, UserAction } from "../../../shared/contract/userActions.ts";
import type { User } from "../../../shared/contract/users.ts";
import { sizeText, t, type PlainTextKey } from "../../i18n/index.ts";

/** What an action does and does not do, as sentences. */
export interface ActionWords {
  readonly does: readonly string[];
  readonly leaves: readonly string[];
  /** What to think of besides. */
  readonly notes: readonly string[];
}

/** The actions that make sense for a user as they are, in the order in which they are offered. */
export function actionsFor({ deactivated, erased, locked, suspended, shadowBanned }: User): UserAction[] {
  if (deactivated) return erased === true ? ["reactivate", "delete_uploads"] : ["reactivate", "erase", "delete_uploads"];
  return [
    "help",
    "reset_password",
    "allow_new_identity",
    locked === true ? "unlock" : "lock",
    suspended === true ? "unsuspend" : "suspend",
    shadowBanned === true ? "lift_shadow_ban" : "shadow_ban",
    "deactivate",
    "erase",
    "delete_uploads",
  ];
}

/**
 * What is said before an action, in this user's own numbers.
 *
 * @param version the server's, as it names it; null where it is not known
 */
export function actionWords(preview: ActionPreview, version: string | null = null): ActionWords {
  const words = { leaves: [], notes: [], ...wordsOf(preview) };
  const losesName = preview.action === "reactivate" && preview.user.erased === true && makesNoProfile(version);
  return losesName ? { ...words, notes: [...words.notes, t("userActions.reactivate.noProfile")] } : words;
}

/** Synapse 1.150 to 1.156 bring an erased user back without a profile. */
function makesNoProfile(version: string | null): boolean {
  const minor = Number(/^1\.(\d+)/.exec(version ?? "")?.[1]);
  return minor >= 150 && minor <= 156;
}

function wordsOf({ action, user, sessions, rooms, media }: ActionPreview): Partial<ActionWords> & Pick<ActionWords, "does"> {
  switch (action) {
    case "help":
      return {
        does: [t("userActions.help.does"), ...(user.locked === true ? [t("userActions.help.unlocks")] : [])],
        leaves: [t("userActions.help.leaves")],
      };
    case "delete_uploads":
      return {
        does: [
          mediaText(media),
          t("userActions.delete_uploads.messages"),
          t("userActions.delete_uploads.avatar"),
          t("userActions.erase.forGood"),
        ],
        leaves: [t("userActions.delete_uploads.leaves")],
      };
    case "reset_password":
      return { does: [t("userActions.reset_password.does")] };
    case "allow_new_identity":
      return {
        does: [t("userActions.allow_new_identity.does"), t("userActions.allow_new_identity.seen")],
        leaves: [t("userActions.allow_new_identity.leaves")],
      };
    case "lock":
      return {
        does: [t("userActions.lock.does"), ...counted(sessions, "userActions.lock.sessions", "userActions.lock.sessionsUnknown")],
        leaves: [t("userActions.lock.leaves")],
      };
    case "unlock":
    case "unsuspend":
    case "lift_shadow_ban":
      return { does: [t(`userActions.${action}.does`)] };
    case "suspend":
    case "shadow_ban":
      return { does: [t(`userActions.${action}.does`)], leaves: [t(`userActions.${action}.leaves`)] };
    case "deactivate":
    case "erase": {
      const ended = [
        t("userActions.deactivate.password"),
        ...counted(sessions, "userActions.sessions", "userActions.sessionsUnknown"),
        ...counted(rooms, "userActions.rooms", "userActions.roomsUnknown"),
        ...contactsText(user),
        t("userActions.deactivate.keys"),
        t("userActions.deactivate.directory"),
      ];
      const stays = [t("userActions.deactivate.matrixId"), t("userActions.deactivate.media"), t("userActions.deactivate.leftBehind")];
      if (user.externalIds.length > 0) stays.push(t("userActions.deactivate.provider"));
      if (user.admin) stays.push(t("userActions.deactivate.admin"));
      const notes = [t("userActions.deactivate.directoryUser")];
      if (action === "deactivate") return { does: ended, leaves: [t("userActions.deactivate.profile"), ...stays], notes };
      return {
        does: [
          ...(user.deactivated ? [] : ended),
          t("userActions.erase.profile"),
          t("userActions.erase.messages"),
          t("userActions.erase.forGood"),
        ],
        leaves: stays,
        notes,
      };
    }
    case "reactivate":
      return {
        does: [
          t("userActions.reactivate.does"),
          ...(user.admin ? [t("userActions.reactivate.admin")] : []),
          ...(user.externalIds.length > 0 ? [t("userActions.reactivate.provider")] : []),
        ],
        leaves: [t("userActions.reactivate.leaves")],
      };
  }
}

type CountedKey = "userActions.lock.sessions" | "userActions.sessions" | "userActions.rooms";

/** What there is none of need not be said. */
function counted(count: number | null, known: CountedKey, unknown: PlainTextKey): string[] {
  if (count === 0) return [];
  return [count === null ? t(unknown) : t(known, { count })];
}

function mediaText(media: ActionPreview["media"]): string {
  if (media === null) return t("userActions.delete_uploads.unknown");
  const { count, bytes } = media;
  return bytes === null
    ? t("userActions.delete_uploads.files", { count })
    : t("userActions.delete_uploads.sized", { count, size: sizeText(bytes) });
}

function contactsText({ threepids }: User): string[] {
  if (threepids.length === 0) return [];
  return [t("userActions.deactivate.contacts", { contacts: threepids.map(({ address }) => address).join(", ") })];
}
