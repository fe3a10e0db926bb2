import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { UpdateDownload, UpdateState } from "../../shared/contract/updates.ts";
import { fail, isFailure } from "../../shared/errors.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Logger } from "../logging/logger.ts";
import { fileFailure } from "../storage/fileErrors.ts";
import { files } from "../storage/fileLayer.ts";
import { type AnnouncedFile, type Announcement, fileFor, readAnnouncement, SignedAnnouncement } from "./updateAnnouncement.ts";
import type { UpdateTarget } from "./updateTarget.ts";
import { isNewer } from "./versions.ts";

/** Where newer versions are announced. */
export interface UpdateFeed {
  /** Has a `latest.json` and the files that it names; without a slash at the end. */
  readonly url: string;
  /** The Ed25519 key that announcements are signed with: SPKI in DER, as base64. */
  readonly publicKey: string;
}

export interface UpdateDownloadOptions {
  /** Stops it; what was written is removed. */
  readonly signal: AbortSignal;
  readonly onProgress: (receivedBytes: number) => void;
}

/** Fetches a newer version and puts it in the place of this one. */
export interface Updater {
  /**
   * Fetches the file, or finds it fetched by an earlier run.
   * @throws `update_not_as_announced` (it is then gone), `file_failed`, what the connection throws, `cancelled`
   */
  download(version: string, file: AnnouncedFile, options: UpdateDownloadOptions): Promise<void>;
  /**
   * Installs what was downloaded, as far as that is done while this version runs.
   * @returns what is to be done when the app has ended all else
   * @throws `not_found` where nothing was downloaded, `update_not_as_announced` (it is then gone), `file_failed`
   */
  install(): Promise<() => void>;
}

export interface UpdatesParts {
  /** Null where this copy was built without one. */
  readonly feed: UpdateFeed | null;
  /** This version. */
  readonly version: string;
  readonly fetch: Fetch;
  /** What a newer version can take the place of. */
  readonly target: () => Promise<UpdateTarget | null>;
  /** Gets what is downloaded. */
  readonly folder: string;
  /** Called once, when something is to be downloaded. */
  readonly openUpdater: (feed: UpdateFeed, target: UpdateTarget) => Promise<Updater>;
  /** Ends the app in order, and does this last. */
  readonly endWith: (last: () => void) => void;
  readonly openPage: (url: string) => Promise<unknown>;
  readonly emit: Emit;
  readonly logger: Logger;
}

/** How often it is looked where the person wants that, in milliseconds. */
const DAY_MS = 24 * 60 * 60_000;

/** So often a download tells how far it is. */
const STEPS = 100;

type Requests = Handlers["updates"];

/** A newer version, and how it would be installed from here. */
interface Newer {
  readonly announced: Announcement;
  readonly file: AnnouncedFile | null;
  readonly target: UpdateTarget | null;
}

/**
 * Looks whether there is a newer version, where the person asks or has said that it may; downloads and installs it where they
 * say so. What the announcement's signature stands for is all that is believed.
 */
export class UpdatesService implements Requests {
  readonly #parts: UpdatesParts;
  #state: UpdateState;
  #newer: Newer | null = null;
  #updater: Promise<Updater> | null = null;
  #downloading: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;
  #installing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: UpdatesParts) {
    this.#parts = parts;
    this.#state = { supported: parts.feed !== null, checkedAt: null, newer: null, download: { phase: "none" } };
  }

  state(): UpdateState {
    return this.#state;
  }

  /** @throws `not_found` without a feed, `bad_answer` for an announcement that isn't signed as it must be, and what the connection throws */
  async check(): Promise<UpdateState> {
    const { feed, version, fetch, target: findTarget, folder } = this.#parts;
    if (feed === null) throw fail("not_found");
    const server = new HomeserverClient({ fetch, baseUrl: feed.url });
    const signed = await server.json({ path: "/latest.json", schema: SignedAnnouncement });
    const announced = readAnnouncement(signed, feed.publicKey);
    if (announced === null) throw fail("bad_answer", { host: server.host });
    if (!isNewer(announced.version, version)) {
      await this.#forgetNewer();
      // It may be this version itself, as it was downloaded by the one before.
      await files()
        .removeFolder(folder)
        .catch((error: unknown) => this.#parts.logger.info("an old download was not removed", { error }));
      return this.#set({ checkedAt: Date.now(), newer: null });
    }
    const target = await findTarget();
    const file = fileFor(announced, target);
    const before = this.#newer;
    // A release may be announced anew with another file, because there was something wrong with the one before.
    const isOther = before?.announced.version !== announced.version || before.file?.sha512 !== file?.sha512;
    if (before && isOther) await this.#forgetNewer();
    this.#newer = { announced, file, target };
    const { notes, page } = announced;
    return this.#set({ checkedAt: Date.now(), newer: { version: announced.version, notes, page, sizeBytes: file?.sizeBytes ?? null } });
  }

  /** @throws `not_found` where no newer version is known */
  async openPage(): Promise<Record<never, never>> {
    if (this.#newer === null) throw fail("not_found");
    await this.#parts.openPage(this.#newer.announced.page);
    return {};
  }

  /** @throws `not_found` where nothing is to be had for this copy */
  download(): UpdateState {
    const newer = this.#newer;
    if (newer?.file == null) throw fail("not_found");
    const { phase } = this.#state.download;
    if (phase === "downloading" || phase === "ready") return this.#state;
    const stop = new AbortController();
    this.#set({ download: { phase: "downloading", receivedBytes: 0 } });
    this.#downloading = { stop, ended: this.#fetch(newer, newer.file, stop.signal) };
    return this.#state;
  }

  async cancelDownload(): Promise<UpdateState> {
    if (this.#state.download.phase === "downloading") await this.#forgetDownload();
    return this.#state;
  }

  /** @throws `not_found` where nothing was downloaded, `update_not_as_announced`, `file_failed` */
  async restart(): Promise<Record<never, never>> {
    if (this.#state.download.phase !== "ready" || this.#updater === null) throw fail("not_found");
    // Once, however often it is asked for while the app ends.
    this.#installing ??= this.#install(this.#updater);
    await this.#installing;
    return {};
  }

  async #install(updater: Promise<Updater>): Promise<void> {
    try {
      const last = await (await updater).install();
      this.#parts.endWith(last);
    } catch (thrown) {
      this.#installing = null;
      // That one is gone; it can be downloaded again.
      if (isFailure(thrown, "update_not_as_announced")) this.#set({ download: { phase: "failed", error: fileFailure(thrown).error } });
      throw thrown;
    }
  }

  /** Looks now and once a day, or no longer. */
  lookDaily(wanted: boolean): void {
    const look = wanted && this.#parts.feed !== null;
    if (look === (this.#timer !== null)) return;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = look ? setInterval(() => this.#look(), DAY_MS).unref() : null;
    if (look) this.#look();
  }

  /** Ends a download that is under way. Never rejects. */
  async stopAll(): Promise<void> {
    this.lookDaily(false);
    this.#downloading?.stop.abort();
    await this.#downloading?.ended;
  }

  /** What it finds out is told by the event; that it found out nothing is no news. */
  #look(): void {
    this.check().catch((error: unknown) => this.#parts.logger.info("it was not looked for a newer version", { error }));
  }

  #set(changed: Partial<UpdateState>): UpdateState {
    this.#state = { ...this.#state, ...changed };
    this.#parts.emit("updates.changed", this.#state);
    return this.#state;
  }

  /** Of what is no longer announced nothing is begun again while its download ends. */
  async #forgetNewer(): Promise<void> {
    this.#newer = null;
    await this.#forgetDownload();
  }

  async #forgetDownload(): Promise<void> {
    this.#downloading?.stop.abort();
    await this.#downloading?.ended;
    if (this.#state.download.phase !== "none") this.#set({ download: { phase: "none" } });
  }

  /** Never rejects. */
  async #fetch({ announced, target }: Newer, file: AnnouncedFile, signal: AbortSignal): Promise<void> {
    const { feed, openUpdater, logger } = this.#parts;
    let told = 0;
    const onProgress = (receivedBytes: number): void => {
      const step = Math.floor((receivedBytes / file.sizeBytes) * STEPS);
      if (step === told || signal.aborted) return;
      told = step;
      this.#set({ download: { phase: "downloading", receivedBytes } });
    };
    let outcome: UpdateDownload = { phase: "ready" };
    try {
      this.#updater ??= openUpdater(feed as UpdateFeed, target as UpdateTarget);
      // One that could not be opened is opened anew the next time.
      this.#updater.catch(() => (this.#updater = null));
      await (await this.#updater).download(announced.version, file, { signal, onProgress });
    } catch (thrown) {
      if (signal.aborted) outcome = { phase: "none" };
      else {
        logger.warn("a newer version was not downloaded", { error: thrown });
        outcome = { phase: "failed", error: fileFailure(thrown).error };
      }
    }
    this.#downloading = null;
    this.#set({ download: outcome });
  }
}
