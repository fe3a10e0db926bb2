import type { AppInfo } from "../../../shared/contract/app.ts";
import type { SecretsState } from "../../../shared/contract/secrets.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Notice } from "../../components/Notice.tsx";
import { dateText, t } from "../../i18n/index.ts";
import { dismissAnnouncement, useAnnouncements } from "../../stores/announcements.ts";
import { go, useRoutes } from "../../stores/routes.ts";
import { secretsChanged, secretsNeed, useSecrets } from "../../stores/secrets.ts";
import { dismissNotices, useSettings } from "../../stores/settings.ts";
import { useSecretsGateNeeded } from "../secretsGate/secretsGateNeeded.ts";
import { useEndedAccounts } from "../../stores/deactivation.ts";
import { EndedAccounts } from "./EndedAccounts.tsx";
import { UpdateNotice, useUpdateNotice } from "./UpdateNotice.tsx";
import styles from "./Notices.module.css";

/** What the person should know whatever page is shown: how the app started, and what was just done. */
export function Notices() {
  const notices = useSettings((state) => state.info?.notices) ?? [];
  const announcements = useAnnouncements((state) => state.shown);
  const secrets = useSecrets((state) => state.state);
  const gated = useSecretsGateNeeded();
  const asked = useRoutes((state) => state.route.name === "secrets") && secretsNeed(secrets) !== null;
  const waiting = gated || asked ? null : whatWaits(secrets);
  const noneEnded = useEndedAccounts(({ ended }) => ended.length === 0);
  const nothingNew = useUpdateNotice() === null;
  if (notices.length === 0 && announcements.length === 0 && waiting === null && noneEnded && nothingNew) return null;
  return (
    <div className={styles["notices"]}>
      {waiting && (
        <Notice
          tone="warn"
          live
          actions={
            <>
              {waiting.retry && (
                <Button small onPress={() => void steward.secrets.retryKeychain({}).then(secretsChanged, () => undefined)}>
                  {t("gate.retry")}
                </Button>
              )}
              {waiting.ask && (
                <Button small onPress={() => go({ name: "secrets" })}>
                  {waiting.ask}
                </Button>
              )}
            </>
          }
        >
          {waiting.text}
        </Notice>
      )}
      {notices.map((notice, index) => (
        <Notice
          key={index}
          tone="warn"
          {...(index === 0 ? { onDismiss: () => void dismissNotices() } : {})}
          actions={
            "at" in notice && (
              <Button small onPress={() => go({ name: "settings" })}>
                {t("notices.openSettings")}
              </Button>
            )
          }
        >
          {noticeText(notice)}
        </Notice>
      ))}
      <UpdateNotice />
      <EndedAccounts />
      {announcements.map(({ id, tone, say }) => (
        <Notice key={id} tone={tone} onDismiss={() => dismissAnnouncement(id)}>
          {say()}
        </Notice>
      ))}
    </div>
  );
}

function noticeText(notice: AppInfo["notices"][number]): string {
  switch (notice.kind) {
    case "file_was_damaged": {
      const { file, keptAs } = notice;
      return t(notice.restored ? "notices.file_was_restored" : "notices.file_was_damaged", { file, keptAs });
    }
    case "accounts_not_understood":
      return t("notices.accounts_not_understood", { count: notice.count });
    default:
      return t(`notices.${notice.kind}`, { when: dateText(notice.at) });
  }
}

interface Waiting {
  readonly text: string;
  /** Whether asking the keychain again may help. */
  readonly retry: boolean;
  /** The words of the button that leads to the question about secrets. */
  readonly ask: string | null;
}

/** What some accounts wait for while others run. */
function whatWaits(state: SecretsState | null): Waiting | null {
  const need = secretsNeed(state);
  if (need === "unlock") return { text: t("gate.someLockedText"), retry: false, ask: t("gate.unlock") };
  if (need === "choose") return { text: t("gate.unprotectedText"), retry: false, ask: t("gate.askToChoose") };
  if (!state?.keychainProblem) return null;
  const locked = state.keychainProblem === "locked";
  if (need === "keychain") {
    const text = t(locked ? "gate.keychainLockedText" : "gate.keychainUnreachableText");
    return { text, retry: true, ask: t("gate.ask") };
  }
  const text = t(locked ? "gate.keychainStillLocked" : "gate.keychainStillUnreachable");
  return { text, retry: true, ask: null };
}
