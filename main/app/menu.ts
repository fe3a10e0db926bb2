import { Menu, type MenuItemConstructorOptions } from "electron";

export interface MenuOptions {
  /** True where a person keeps their accounts: no developer tools. */
  locked: boolean;
  /** Shows the app's first page again, also after it gave up reloading. */
  reload: () => void;
}

/**
 * Sets the application menu. It is small, but it must be there: on a Mac, copy, paste and quit have no shortcuts
 * without it.
 */
export function setMenu({ locked, reload }: MenuOptions): void {
  const isMac = process.platform === "darwin";
  const view: MenuItemConstructorOptions[] = [
    { label: "Reload Window", accelerator: "CmdOrCtrl+R", click: reload },
    { type: "separator" },
    { role: "resetZoom" },
    { role: "zoomIn" },
    { role: "zoomOut" },
    { type: "separator" },
    { role: "togglefullscreen" },
  ];
  if (!locked) view.push({ type: "separator" }, { role: "toggleDevTools" });
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(isMac ? [{ role: "appMenu" } as const] : [{ role: "fileMenu" } as const]),
      { role: "editMenu" },
      { label: "&View", submenu: view },
      { role: "windowMenu" },
    ]),
  );
}
