import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { lookForUpdates, useSettings } from "../../stores/settings.ts";
import { updatesChanged, useUpdates } from "../../stores/updates.ts";
import styles from "./Settings.module.css";

/** Whether there is a newer version. Nothing where this copy wasn't told whom to ask. */
export function UpdateSettings() {
  const state = useUpdates((updates) => updates.state);
  const daily = useSettings(({ settings }) => settings.lookForUpdates ?? false);
  const change = useAction(lookForUpdates);
  const check = useAction(async () => updatesChanged(await steward.updates.check({})));
  const open = useAction(() => steward.updates.openPage({}));
  if (!state?.supported) return null;
  const { newer, checkedAt } = state;
  const error = change.error ?? check.error ?? open.error;
  return (
    <Section title={t("updates.section")}>
      <Checkbox value={daily} onChange={(value) => void change.run(value)} explanation={t("updates.dailyMeaning")}>
        {t("updates.daily")}
      </Checkbox>
      <p role="status">
        {newer ? t("updates.newer", { version: newer.version }) : checkedAt === null || check.error ? "" : t("updates.none")}
      </p>
      {newer && newer.notes !== "" && (
        <section aria-label={t("updates.notes", { version: newer.version })} className={styles["notes"]}>
          <ServerText>{newer.notes}</ServerText>
        </section>
      )}
      {error && <ErrorText error={error} />}
      <Buttons>
        {newer && (
          <Button look="primary" busy={open.busy} onPress={() => void open.run()}>
            {t("updates.open")}
          </Button>
        )}
        <Button busy={check.busy} onPress={() => void check.run()}>
          {t("updates.check")}
        </Button>
      </Buttons>
    </Section>
  );
}
