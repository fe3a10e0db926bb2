import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { AppImageUpdater } from "electron-updater/out/AppImageUpdater.js";
import type { AppUpdater } from "electron-updater";
import type { AppAdapter } from "electron-updater/out/AppAdapter.js";
import { DownloadedUpdateHelper } from "electron-updater/out/DownloadedUpdateHelper.js";
import { MacUpdater } from "electron-updater/out/MacUpdater.js";
import { NsisUpdater } from "electron-updater/out/NsisUpdater.js";
import { AppFailure, fail } from "../../shared/errors.ts";
import { connectionError } from "../http/connectionErrors.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Logger } from "../logging/logger.ts";
import { fileFailure, isMissing } from "../storage/fileErrors.ts";
import { GrowingFile } from "../storage/growingFile.ts";
import type { AnnouncedFile } from "./updateAnnouncement.ts";
import type { UpdateTarget } from "./updateTarget.ts";
import type { Updater, UpdateDownloadOptions } from "./updates.ts";

export interface ElectronUpdaterParts {
  readonly target: UpdateTarget;
  /** Where announced files are, without a slash at the end. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  /** This version. */
  readonly version: string;
  /** Gets what is downloaded. */
  readonly folder: string;
  /** What the new version is started with. */
  readonly args: readonly string[];
  readonly logger: Logger;
}

/**
 * What electron-updater offers no setting for. Left to itself it would read an announcement that nobody has signed, send
 * along an id that it makes for this copy, keep one in the folder of data, and use a session of Chromium's.
 */
interface Inside {
  httpExecutor: { download(url: URL, destination: string): Promise<string> };
  downloadedUpdateHelper: DownloadedUpdateHelper;
  updateInfoAndProvider: {
    info: { version: string; files: readonly { url: string; sha512: string; size: number }[] };
    provider: { resolveFiles(): { url: URL; info: { url: string; sha512: string; size: number } }[]; fileExtraDownloadHeaders: null };
  };
}

/** As long as a slow line may take for the whole file, in milliseconds. */
const WHOLE_FILE_MS = 6 * 60 * 60_000;
const FILE_LIMITS = { wholeAnswerMs: WHOLE_FILE_MS, answerBytes: Infinity };

/** Anybody may start it, as anybody may a downloaded one that was made executable. */
const PROGRAM_MODE = 0o755;

/** Has electron-updater fetch and install what was announced, and nothing else. */
export class ElectronUpdater implements Updater {
  readonly #parts: ElectronUpdaterParts;
  readonly #updater: AppUpdater;
  readonly #inside: Inside;
  readonly #downloaded: DownloadedUpdateHelper;
  #file: AnnouncedFile | null = null;

  constructor(parts: ElectronUpdaterParts) {
    const { target, folder, version, logger } = parts;
    this.#parts = parts;
    this.#downloaded = new DownloadedUpdateHelper(folder);
    this.#updater = makeUpdater(target, adapter(folder, version));
    this.#updater.logger = {
      info: (message: unknown) => logger.info("electron-updater", { message: String(message) }),
      warn: (message: unknown) => logger.warn("electron-updater", { message: String(message) }),
      error: (message: unknown) => logger.warn("electron-updater", { message: String(message) }),
    };
    this.#updater.autoDownload = false;
    this.#updater.autoInstallOnAppQuit = false;
    // It would ask the server for parts of the file, and what is put together of them would have to be looked at once more.
    this.#updater.disableDifferentialDownload = true;
    this.#updater.disableWebInstaller = true;
    this.#inside = this.#updater as unknown as Inside;
    this.#inside.downloadedUpdateHelper = this.#downloaded;
  }

  async download(version: string, file: AnnouncedFile, options: UpdateDownloadOptions): Promise<void> {
    this.#file = file;
    const info = { url: file.name, sha512: file.sha512, size: file.sizeBytes };
    const resolved = { url: new URL(`${this.#parts.baseUrl}/${file.name}`), info };
    this.#inside.updateInfoAndProvider = {
      info: { version, files: [info] },
      provider: { resolveFiles: () => [resolved], fileExtraDownloadHeaders: null },
    };
    this.#inside.httpExecutor = {
      download: async (_url, destination) => {
        await this.#fetch(file, destination, options);
        return destination;
      },
    };
    try {
      await this.#updater.downloadUpdate();
    } catch (thrown) {
      throw fileFailure(thrown);
    }
  }

  async install(): Promise<() => void> {
    const { target, args } = this.#parts;
    if (target.extension === "AppImage") {
      await this.#replace(target.path);
      // A process of its own: this one's folder goes with it. Whoever may not run it there finds it in its place.
      return () =>
        spawn(target.path, args, { detached: true, stdio: "ignore" })
          .on("error", (error) => this.#parts.logger.warn("the newer version was not started", { error }))
          .unref();
    }
    await this.#read(() => Promise.resolve());
    if (this.#updater instanceof NsisUpdater) {
      const installer = this.#updater;
      return () => void installer.install(true, true);
    }
    // Squirrel takes the file, and ends the app by itself.
    return new Promise((_resolve, reject) => {
      this.#updater.once("error", (error) => reject(fileFailure(error)));
      this.#updater.quitAndInstall();
    });
  }

  async #fetch({ name, sizeBytes, sha512 }: AnnouncedFile, path: string, { signal, onProgress }: UpdateDownloadOptions): Promise<void> {
    const { fetch, baseUrl } = this.#parts;
    const server = new HomeserverClient({ fetch, baseUrl });
    const reader = (await server.stream({ path: `/${name}`, signal, limits: FILE_LIMITS })).getReader();
    const file = await GrowingFile.open(path).catch(async (thrown: unknown) => {
      await reader.cancel();
      throw thrown;
    });
    const hash = createHash("sha512");
    let received = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((thrown: unknown) => {
          throw thrown instanceof AppFailure ? thrown : new AppFailure(connectionError(thrown, server.host), { cause: thrown });
        });
        if (done) break;
        received += value.byteLength;
        if (received > sizeBytes) break;
        hash.update(value);
        await file.append(value);
        onProgress(received);
      }
      if (received !== sizeBytes || hash.digest("base64") !== sha512) throw fail("update_not_as_announced");
      await file.finish();
    } catch (thrown) {
      await reader.cancel().catch(() => undefined);
      await file.discard();
      throw thrown;
    }
  }

  /**
   * electron-updater removes the old file first and then moves the new one there, by way of a copy where that is another
   * disk: what is cut off between leaves no program, or half of one. Here the whole new one takes the name.
   */
  async #replace(path: string): Promise<void> {
    const target = await GrowingFile.open(path, PROGRAM_MODE);
    try {
      await this.#read((piece) => target.append(piece));
      await target.finish();
    } catch (thrown) {
      await target.discard();
      throw thrown;
    }
    await this.#downloaded.clear();
  }

  /** Reads what was downloaded. @throws `update_not_as_announced` after all of it, and removes it */
  async #read(take: (piece: Buffer) => Promise<void>): Promise<void> {
    const path = this.#downloaded.file;
    if (path === null || this.#file === null) throw fail("not_found");
    const hash = createHash("sha512");
    try {
      for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
        hash.update(piece);
        await take(piece);
      }
    } catch (thrown) {
      if (isMissing(thrown)) throw fail("update_not_as_announced");
      throw fileFailure(thrown);
    }
    if (hash.digest("base64") === this.#file.sha512) return;
    await this.#downloaded.clear();
    throw fail("update_not_as_announced");
  }
}

function makeUpdater({ extension }: UpdateTarget, app: AppAdapter): AppUpdater {
  switch (extension) {
    case "AppImage":
      return new AppImageUpdater(null, app);
    case "exe":
      return new NsisUpdater(null, app);
    case "zip":
      return new MacUpdater(undefined, app);
  }
}

/** With one of its own, it would take Chromium's way to servers. */
function adapter(folder: string, version: string): AppAdapter {
  const nothing = (): void => undefined;
  return {
    version,
    name: "Steward",
    isPackaged: true,
    // There is none: what it could say is signed, and known already.
    appUpdateConfigPath: `${folder}/app-update.yml`,
    userDataPath: folder,
    baseCachePath: folder,
    whenReady: () => Promise.resolve(),
    relaunch: nothing,
    quit: nothing,
    onQuit: nothing,
  };
}
