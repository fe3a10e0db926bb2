import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, isAbsolute, join, sep } from "node:path";

/** What of this copy a newer version takes the place of, by the ending of the file that does it. */
export type UpdateTarget =
  /** The one file that was started. */
  | { readonly extension: "AppImage"; readonly path: string }
  /** What the Windows installer has put there. */
  | { readonly extension: "exe" }
  /** The app's bundle on a Mac. */
  | { readonly extension: "zip" };

/** How the app was started, and on what. */
export interface StartedAs {
  readonly platform: NodeJS.Platform;
  /** Whether this is the app as it is handed out. */
  readonly packaged: boolean;
  readonly execPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a newer version can take the place of. Null where the system's packages see to that, or the person does. */
export async function updateTarget({ platform, packaged, execPath, env }: StartedAs): Promise<UpdateTarget | null> {
  if (platform === "darwin") return packaged ? { extension: "zip" } : null;
  if (platform === "win32")
    return (await may(join(dirname(execPath), "Uninstall Steward.exe"), constants.F_OK)) ? { extension: "exe" } : null;
  const { APPIMAGE: path, APPDIR: folder } = env;
  if (path === undefined || folder === undefined || !isAbsolute(path)) return null;
  // Programs that an AppImage starts, such as a terminal and all that is started there, have these variables too.
  if (!execPath.startsWith(join(folder, sep))) return null;
  return (await may(path, constants.F_OK)) && (await may(dirname(path), constants.W_OK)) ? { extension: "AppImage", path } : null;
}

const may = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
