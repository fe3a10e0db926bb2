import { Menu, type MenuItemConstructorOptions } from "electron";
import { type MainText, mainText } from "./language.ts";

export interface MenuOptions {
  /** True where a person keeps their accounts: no developer tools. */
  locked: boolean;
  /** Shows the app's first page again, also after it gave up reloading. */
  reload: () => void;
}

type Item = MenuItemConstructorOptions;

/**
 * Keeps Electron from making a menu of its own, which the window would wait for. Must be called before the app is ready.
 *
 * @see https://www.electronjs.org/docs/latest/tutorial/performance
 */
export function leaveOutDefaultMenu(): void {
  Menu.setApplicationMenu(null);
}

/** What Electron does by itself, under our name for it: its own names are English on Linux and Windows. */
const item = (role: NonNullable<Item["role"]>, name: Extract<MainText, `menu.${string}`>): Item => ({
  role,
  label: mainText(name),
});

const LINE: Item = { type: "separator" };

const edit = (): Item[] => [
  item("undo", "menu.undo"),
  item("redo", "menu.redo"),
  LINE,
  item("cut", "menu.cut"),
  item("copy", "menu.copy"),
  item("paste", "menu.paste"),
  item("delete", "menu.delete"),
  LINE,
  item("selectAll", "menu.selectAll"),
];

const macApp = (): Item[] => [
  item("about", "menu.about"),
  LINE,
  item("services", "menu.services"),
  LINE,
  item("hide", "menu.hide"),
  item("hideOthers", "menu.hideOthers"),
  item("unhide", "menu.unhide"),
  LINE,
  item("quit", "menu.quit"),
];

/**
 * Sets the application menu, in the language in force. It is small, but it must be there: on a Mac, copy, paste and quit
 * have no shortcuts without it.
 */
export function setMenu({ locked, reload }: MenuOptions): void {
  const isMac = process.platform === "darwin";
  const view: Item[] = [
    { label: mainText("menu.reload"), accelerator: "CmdOrCtrl+R", click: reload },
    LINE,
    item("resetZoom", "menu.resetZoom"),
    item("zoomIn", "menu.zoomIn"),
    item("zoomOut", "menu.zoomOut"),
    LINE,
    item("togglefullscreen", "menu.fullScreen"),
  ];
  if (!locked) view.push(LINE, item("toggleDevTools", "menu.developerTools"));
  const windowItems = isMac
    ? [item("minimize", "menu.minimize"), item("zoom", "menu.zoom"), LINE, item("front", "menu.front")]
    : [item("minimize", "menu.minimize"), item("close", "menu.close")];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      isMac ? { label: "Steward", submenu: macApp() } : { label: mainText("menu.file"), submenu: [item("quit", "menu.quit")] },
      { label: mainText("menu.edit"), submenu: edit() },
      { label: mainText("menu.view"), submenu: view },
      { label: mainText("menu.window"), submenu: windowItems },
    ]),
  );
}
