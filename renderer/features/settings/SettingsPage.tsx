import { ClipboardCopy } from "lucide-react";
import { useState } from "react";
import { withModifier } from "../../app/shortcuts.ts";
import { isMac, steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Facts, Page, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useSecrets } from "../../stores/secrets.ts";
import { chooseLanguage, chooseTheme, useSettings } from "../../stores/settings.ts";
import { BackgroundSettings } from "./BackgroundSettings.tsx";
import { copyReport } from "./copyReport.ts";
import { LockSettings } from "./LockSettings.tsx";
import { UpdateSettings } from "./UpdateSettings.tsx";
import styles from "./Settings.module.css";

/** What a person can choose about the app, and what the app says about itself. */
export function SettingsPage() {
  const { settings, info } = useSettings();
  const secrets = useSecrets((state) => state.state);
  return (
    <Page title={t("settings.title")}>
      <Section title={t("settings.appearance")}>
        <Choice
          label={t("settings.theme")}
          hideLabel
          look="segments"
          value={settings.theme}
          onChange={(theme) => void chooseTheme(theme).catch(() => undefined)}
          options={[
            { value: "system", text: t("settings.themeSystem") },
            { value: "light", text: t("settings.themeLight") },
            { value: "dark", text: t("settings.themeDark") },
          ]}
        />
      </Section>
      <Section title={t("settings.language")}>
        <div data-language-choice>
          <Choice
            label={t("settings.language")}
            hideLabel
            look="segments"
            value={settings.language}
            onChange={(language) => void chooseLanguage(language).catch(() => undefined)}
            options={[
              { value: "system", text: t("settings.languageSystem") },
              { value: "en", text: "English" },
              { value: "de", text: "Deutsch" },
            ]}
          />
        </div>
      </Section>
      <Section title={t("settings.secrets")}>
        {secrets ? <p>{t(`settings.protection.${secrets.protection}`)}</p> : <Skeleton label={t("app.loading")} lines={1} />}
      </Section>
      <LockSettings />
      <BackgroundSettings />
      <UpdateSettings />
      <Section title={t("settings.keyboard")}>
        <Facts
          facts={[
            { name: withModifier("K"), value: t("settings.shortcutFind") },
            { name: `${withModifier("1")} … ${withModifier("9")}`, value: t("settings.shortcutAccount") },
            { name: withModifier(","), value: t("settings.shortcutSettings") },
            { name: isMac() ? "⌥↑ ⌥↓" : "Alt+↑ Alt+↓", value: t("settings.shortcutMove") },
          ]}
        />
      </Section>
      <Section title={t("settings.about")}>
        {info ? (
          <Facts
            facts={[
              { name: t("settings.version"), value: info.version },
              { name: "Electron", value: info.electron },
              { name: "Chromium", value: info.chrome },
              { name: "Node.js", value: info.node },
              { name: t("settings.platform"), value: platforms[info.platform] },
            ]}
          />
        ) : (
          <Skeleton label={t("app.loading")} lines={3} />
        )}
      </Section>
      <Report />
    </Page>
  );
}

const platforms = { linux: "Linux", darwin: "macOS", win32: "Windows" } as const;

function Report() {
  const [said, setSaid] = useState("");
  const copy = useAction(async () => {
    await copyReport(steward);
    setSaid(t("settings.reportCopied"));
  });
  return (
    <Section title={t("settings.report")}>
      <p className={styles["quiet"]}>{t("settings.reportText")}</p>
      {copy.error && <ErrorText error={copy.error} />}
      <div className={styles["line"]}>
        <Button icon={ClipboardCopy} busy={copy.busy} onPress={() => void copy.run()}>
          {t("settings.reportCopy")}
        </Button>
        <span role="status">{said}</span>
      </div>
    </Section>
  );
}
