import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Notice } from "../../components/Notice.tsx";
import { dateText, t } from "../../i18n/index.ts";
import { useAccounts } from "../../stores/accounts.ts";
import { dismissAnnouncement, useAnnouncements } from "../../stores/announcements.ts";
import { go } from "../../stores/routes.ts";
import { secretsChanged, secretsNeed, useSecrets } from "../../stores/secrets.ts";
import { dismissNotices, useSettings } from "../../stores/settings.ts";
import { secretsGateNeeded } from "../secretsGate/secretsGateNeeded.ts";
import styles from "./Notices.module.css";

/** What the person should know whatever page is shown: how the app started, and what was just done. */
export function Notices() {
  const notices = useSettings((state) => state.info?.notices) ?? [];
  const announcements = useAnnouncements((state) => state.shown);
  const secrets = useSecrets((state) => state.state);
  const gated = useAccounts((state) => secretsGateNeeded(secrets, Object.values(state.byId)));
  const keychainLost = secretsNeed(secrets) === "keychain" && !gated;
  if (notices.length === 0 && announcements.length === 0 && !keychainLost) return null;
  return (
    <div className={styles["notices"]}>
      {keychainLost && (
        <Notice
          tone="warn"
          live
          actions={
            <Button small onPress={() => void steward.secrets.retryKeychain({}).then(secretsChanged, () => undefined)}>
              {t("gate.retry")}
            </Button>
          }
        >
          {t(secrets?.keychainProblem === "locked" ? "gate.keychainLockedText" : "gate.keychainUnreachableText")}
        </Notice>
      )}
      {notices.map((notice, index) => (
        <Notice
          key={index}
          tone="warn"
          {...(index === 0 ? { onDismiss: () => void dismissNotices() } : {})}
          actions={
            notice.kind === "previous_crash" && (
              <Button small onPress={() => go({ name: "settings" })}>
                {t("notices.openSettings")}
              </Button>
            )
          }
        >
          {notice.kind === "previous_crash"
            ? t("notices.previous_crash", { when: dateText(notice.at) })
            : t(notice.restored ? "notices.file_was_restored" : "notices.file_was_damaged", {
                file: notice.file,
                keptAs: notice.keptAs,
              })}
        </Notice>
      ))}
      {announcements.map(({ id, tone, text }) => (
        <Notice key={id} tone={tone} onDismiss={() => dismissAnnouncement(id)}>
          {text}
        </Notice>
      ))}
    </div>
  );
}
