import { Notification } from "electron";
import type { Logger } from "../logging/logger.ts";

/** What the desktop shows, and what a click on it does. */
export interface DesktopNotification {
  title: string;
  body: string;
  onClick: () => void;
}

/** Those that are shown: one that is collected as garbage answers no click. */
const shown = new Set<Notification>();

/** Shows a desktop notification where the system supports them. Never throws: the window says the same. */
export function notify({ title, body, onClick }: DesktopNotification, logger: Logger): void {
  try {
    if (!Notification.isSupported()) return;
    const notification = new Notification({ title, body });
    const forget = (): void => void shown.delete(notification);
    notification.on("click", () => {
      forget();
      onClick();
    });
    notification.on("close", forget);
    notification.on("failed", forget);
    shown.add(notification);
    notification.show();
  } catch (error) {
    logger.warn("the desktop shows no notification", { error });
  }
}
