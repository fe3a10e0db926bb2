import type { ActionPreview, UserAction } from "../../../shared/contract/userActions.ts";
import type { User } from "../../../shared/contract/users.ts";
import { t } from "../../i18n/index.ts";

/** What an action does and does not do, as sentences. */
export interface ActionWords {
  readonly does: readonly string[];
  readonly leaves: readonly string[];
}

/** The actions that make sense for a user as they are, in the order in which they are offered. */
export function actionsFor({ deactivated, erased, locked, suspended, shadowBanned }: User): UserAction[] {
  if (deactivated) return erased === true ? ["reactivate"] : ["reactivate", "erase"];
  return [
    "reset_password",
    "allow_new_identity",
    locked === true ? "unlock" : "lock",
    suspended === true ? "unsuspend" : "suspend",
    shadowBanned === true ? "lift_shadow_ban" : "shadow_ban",
    "deactivate",
    "erase",
  ];
}

/** What is said before an action, in this user's own numbers. */
export function actionWords({ action, user, sessions, rooms }: ActionPreview): ActionWords {
  const sessionsText = sessions === null ? t("userActions.sessionsUnknown") : t("userActions.sessions", { count: sessions });
  const roomsText = rooms === null ? t("userActions.roomsUnknown") : t("userActions.rooms", { count: rooms });
  switch (action) {
    case "reset_password":
      return { does: [t("userActions.reset_password.does")], leaves: [] };
    case "allow_new_identity":
      return { does: [t("userActions.allow_new_identity.does"), t("userActions.allow_new_identity.seen")], leaves: [t("userActions.allow_new_identity.leaves")] };
    case "lock":
      return { does: [t("userActions.lock.does"), sessions === null ? t("userActions.lock.sessionsUnknown") : t("userActions.lock.sessions", { count: sessions })], leaves: [t("userActions.lock.leaves")] };
    case "unlock":
    case "unsuspend":
    case "lift_shadow_ban":
      return { does: [t(`userActions.${action}.does`)], leaves: [] };
    case "suspend":
    case "shadow_ban":
      return { does: [t(`userActions.${action}.does`)], leaves: [t(`userActions.${action}.leaves`)] };
    case "deactivate":
    case "erase": {
      const ended = [
        t("userActions.deactivate.password"),
        sessionsText,
        roomsText,
        contactsText(user),
        t("userActions.deactivate.keys"),
        t("userActions.deactivate.directory"),
      ];
      const stays = [t("userActions.deactivate.matrixId"), t("userActions.deactivate.media"), t("userActions.deactivate.leftBehind")];
      const provider = user.externalIds.length > 0 ? [t("userActions.deactivate.provider")] : [t("userActions.deactivate.directoryUser")];
      const admin = user.admin ? [t("userActions.deactivate.admin")] : [];
      if (action === "deactivate") return { does: ended, leaves: [t("userActions.deactivate.profile"), ...stays, ...provider, ...admin] };
      return {
        does: [...(user.deactivated ? [] : ended), t("userActions.erase.profile"), t("userActions.erase.messages"), t("userActions.erase.forGood")],
        leaves: [...stays, ...provider, ...admin],
      };
    }
    case "reactivate":
      return {
        does: [t("userActions.reactivate.does"), ...(user.admin ? [t("userActions.reactivate.admin")] : []), ...(user.externalIds.length > 0 ? [t("userActions.reactivate.provider")] : [])],
        leaves: [t("userActions.reactivate.leaves")],
      };
  }
}

function contactsText({ threepids }: User): string {
  if (threepids.length === 0) return t("userActions.deactivate.noContacts");
  return t("userActions.deactivate.contacts", { contacts: threepids.map(({ address }) => address).join(", ") });
}
