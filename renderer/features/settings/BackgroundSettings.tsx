import { useEffect, useState } from "react";
import type { Background } from "../../../shared/contract/app.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { keepRunning, useSettings } from "../../stores/settings.ts";
import styles from "./Settings.module.css";

/** Whether Steward is there without its window, and from when on. */
export function BackgroundSettings() {
  const keeps = useSettings(({ settings }) => settings.keepRunning ?? false);
  const [background, setBackground] = useState<Background | null>(null);
  const load = useAction(async () => setBackground(await steward.app.background({})));
  const keep = useAction(keepRunning);
  const atLogin = useAction(async (on: boolean) => setBackground(await steward.app.startAtLogin({ on })));
  const { run } = load;
  useEffect(() => void run(), [run]);
  const error = keep.error ?? atLogin.error;
  return (
    <Section title={t("background.section")}>
      <Checkbox
        value={keeps}
        onChange={(value) => void keep.run(value)}
        explanation={t(background?.tray === "none" ? "background.noTray" : "background.keepRunningMeaning")}
      >
        {t("background.keepRunning")}
      </Checkbox>
      {background?.startsAtLogin === null && <p className={styles["quiet"]}>{t("background.atLoginNever")}</p>}
      {typeof background?.startsAtLogin === "boolean" && (
        <Checkbox
          value={background.startsAtLogin}
          onChange={(value) => void atLogin.run(value)}
          explanation={t(keeps ? "background.atLoginMeaning" : "background.atLoginWithWindow")}
        >
          {t("background.atLogin")}
        </Checkbox>
      )}
      {load.error && <ErrorText error={load.error} actions={<Button onPress={() => void run()}>{t("common.retry")}</Button>} />}
      {error && <ErrorText error={error} />}
    </Section>
  );
}
