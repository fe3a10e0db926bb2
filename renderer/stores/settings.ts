import { create } from "zustand";
import type { AppInfo, Settings } from "../../shared/contract/app.ts";
import type { Language } from "../../shared/i18n/language.ts";
import { steward } from "../bridge.ts";
import { currentLanguage, languageOfPage, speakLanguage } from "../i18n/language.ts";
import { createLatest } from "./latest.ts";

interface SettingsState {
  readonly settings: Settings;
  readonly info: AppInfo | null;
  /** What the texts are in: a page draws itself again when it is another one. */
  readonly language: Language;
}

export const useSettings = create<SettingsState>()(() => ({
  settings: { theme: "system", language: "system" },
  info: null,
  language: "en",
}));

const latest = createLatest<Settings>(
  () => steward.app.settings({}),
  (settings) => {
    useSettings.setState({ settings });
    applyTheme();
    void applyLanguage();
  },
);

/** Takes in the settings as they are now, and shows their theme. */
export const settingsChanged = latest.told;

/** Speaks the language of the page that main has sent, before anything is drawn. */
export async function speakLanguageOfPage(): Promise<void> {
  const language = languageOfPage();
  await speakLanguage(language);
  useSettings.setState({ language });
}

async function applyLanguage(): Promise<void> {
  const { settings, info } = useSettings.getState();
  const wanted = settings.language === "system" ? info?.systemLanguage : settings.language;
  if (wanted === undefined || wanted === currentLanguage()) return;
  await speakLanguage(wanted);
  useSettings.setState({ language: wanted });
}

/** Changes the language at once and keeps it. */
export async function chooseLanguage(language: Settings["language"]): Promise<void> {
  settingsChanged(await steward.app.updateSettings({ language }));
}

/** Asks main for the settings and for what it says about itself. */
export async function loadSettings(): Promise<void> {
  const settings = latest.load();
  const [info] = await Promise.all([steward.app.info({}), settings]);
  useSettings.setState({ info });
  // The system's language was not known yet when the settings were taken in.
  void applyLanguage();
}

/** Changes the theme at once and keeps it. */
export async function chooseTheme(theme: Settings["theme"]): Promise<void> {
  settingsChanged({ ...useSettings.getState().settings, theme });
  settingsChanged(await steward.app.updateSettings({ theme }));
}

/** Locks the window after so many minutes without a person; null: never. */
export async function lockAfter(lockAfterMinutes: number | null): Promise<void> {
  settingsChanged(await steward.app.updateSettings({ lockAfterMinutes }));
}

/** Goes on when the window is closed, or no longer. */
export async function keepRunning(keep: boolean): Promise<void> {
  settingsChanged(await steward.app.updateSettings({ keepRunning: keep }));
}

/** Looks once a day for a newer version, or no longer. */
export async function lookForUpdates(look: boolean): Promise<void> {
  settingsChanged(await steward.app.updateSettings({ lookForUpdates: look }));
}

/** Forgets what main reported about its start. */
export async function dismissNotices(): Promise<void> {
  useSettings.setState(({ info }) => ({ info: info && { ...info, notices: [] } }));
  await steward.app.dismissNotices({});
}

const systemIsDark = (): MediaQueryList => window.matchMedia("(prefers-color-scheme: dark)");

function applyTheme(): void {
  const { theme } = useSettings.getState().settings;
  const dark = theme === "dark" || (theme === "system" && systemIsDark().matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}

/** Shows the theme from now on, also when the system changes its own. */
export function followTheme(): void {
  applyTheme();
  systemIsDark().addEventListener("change", applyTheme);
}
