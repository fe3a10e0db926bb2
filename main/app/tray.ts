import { Menu, nativeImage, Tray } from "electron";
import { mainText } from "./language.ts";
import colour16 from "./trayIcons/colour-16.png";
import colour24 from "./trayIcons/colour-24.png";
import colour32 from "./trayIcons/colour-32.png";
import colour48 from "./trayIcons/colour-48.png";
import template16 from "./trayIcons/template-16.png";
import template32 from "./trayIcons/template-32.png";

/** What its menu does. */
export interface AppTrayParts {
  open: () => void;
  lock: () => void;
  /** Whether the window could be locked now. */
  canLock: () => boolean;
  quit: () => void;
}

/** The icon beside the clock, with its menu. An icon that nothing holds is collected as garbage, and vanishes. */
export class AppTray {
  readonly #parts: AppTrayParts;
  #tray: Tray | null = null;

  constructor(parts: AppTrayParts) {
    this.#parts = parts;
  }

  /** Shows the icon, where the desktop shows any. */
  show(): void {
    if (this.#tray) return;
    this.#tray = new Tray(icon());
    this.#tray.setToolTip("Steward");
    // A Mac opens the menu instead.
    if (process.platform !== "darwin") this.#tray.on("click", () => this.#parts.open());
    this.refresh();
  }

  hide(): void {
    this.#tray?.destroy();
    this.#tray = null;
  }

  /** Makes the menu again: the language is another one, or whether the window could be locked has changed. */
  refresh(): void {
    const { open, lock, canLock, quit } = this.#parts;
    this.#tray?.setContextMenu(
      Menu.buildFromTemplate([
        { label: mainText("tray.open"), click: open },
        { label: mainText("tray.lock"), click: lock, enabled: canLock() },
        { type: "separator" },
        { label: mainText("menu.quit"), click: quit },
      ]),
    );
  }
}

/** In the sizes of the system, at one and at two pixels per point. A Mac colours a template itself. */
function icon(): Electron.NativeImage {
  const [one, two] = {
    darwin: [template16, template32],
    win32: [colour16, colour32],
    linux: [colour24, colour48],
  }[process.platform as "linux" | "darwin" | "win32"] as [string, string];
  const image = nativeImage.createEmpty();
  image.addRepresentation({ scaleFactor: 1, dataURL: one });
  image.addRepresentation({ scaleFactor: 2, dataURL: two });
  image.setTemplateImage(process.platform === "darwin");
  return image;
}
