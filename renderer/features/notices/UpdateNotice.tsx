import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { go, useRoutes } from "../../stores/routes.ts";
import { dismissUpdate, updateNotice, type UpdateNotice as Said, useUpdates } from "../../stores/updates.ts";

/** What the person should know of newer versions; null where the page says it. */
export function useUpdateNotice(): Said | null {
  const notice = updateNotice(useUpdates());
  const isOnPage = useRoutes(({ route }) => route.name === "settings");
  return isOnPage ? null : notice;
}

/** That there is a newer version, or that a restart installs it. */
export function UpdateNotice() {
  const notice = useUpdateNotice();
  const restart = useAction(() => steward.updates.restart({}));
  if (notice === null) return null;
  const { version, ready, error } = notice;
  if (!ready)
    return (
      <Notice
        tone="info"
        onDismiss={() => dismissUpdate(notice)}
        actions={
          <Button small onPress={() => go({ name: "settings" })}>
            {t("updates.show")}
          </Button>
        }
      >
        {t("updates.newer", { version })}
        {error && <ErrorText error={error} />}
      </Notice>
    );
  return (
    <Notice
      tone="info"
      actions={
        <>
          <Button small busy={restart.busy} onPress={() => void restart.run()}>
            {t("updates.restart")}
          </Button>
          <Button small onPress={() => dismissUpdate(notice)}>
            {t("updates.later")}
          </Button>
        </>
      }
    >
      {t("updates.readyNotice", { version })}
      {restart.error && <ErrorText error={restart.error} />}
    </Notice>
  );
}
