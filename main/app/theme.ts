import { nativeTheme } from "electron";
import type { Settings } from "../../shared/contract/app.ts";
import { BACKGROUND } from "./colours.ts";

/** Makes the window, its dialogs and `prefers-color-scheme` follow the setting. */
export function applyTheme(theme: Settings["theme"]): void {
  nativeTheme.themeSource = theme;
}

/** The window's background for the theme in force now. */
export function backgroundColour(): string {
  return nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light;
}

/** Calls back with the new background whenever light turns to dark or back; answers how to stop. */
export function onBackgroundChange(listener: (colour: string) => void): () => void {
  const update = (): void => listener(backgroundColour());
  nativeTheme.on("updated", update);
  return () => void nativeTheme.removeListener("updated", update);
}
