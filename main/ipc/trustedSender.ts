import type { IpcMainEvent, IpcMainInvokeEvent } from "electron";

/** The one origin that the app's own pages have. */
export const APP_SCHEME = "app";
export const APP_HOST = "steward";

/** True for a page of ours. `URL.origin` is "null" for `app:`, so scheme and host are compared. */
export function isOwnPage(url: string): boolean {
  try {
    const { protocol, host, username, password } = new URL(url);
    return protocol === `${APP_SCHEME}:` && host === APP_HOST && username === "" && password === "";
  } catch {
    return false;
  }
}

/**
 * True when a message comes from the main frame of one of our windows while it shows a page of ours. Frames inside it,
 * other web contents, and a window that has been navigated away are refused.
 *
 * @param isOwnContents tells whether a web contents id belongs to a window this app opened itself.
 */
export function isTrustedSender(
  event: Pick<IpcMainInvokeEvent | IpcMainEvent, "sender" | "senderFrame">,
  isOwnContents: (webContentsId: number) => boolean,
): boolean {
  const frame = event.senderFrame;
  if (!frame) return false;
  return isOwnContents(event.sender.id) && frame === event.sender.mainFrame && isOwnPage(frame.url);
}
