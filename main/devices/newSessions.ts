import * as z from "zod";
import { type NewSession, type Session, SessionAnswer } from "../../shared/contract/devices.ts";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import { type AccountId, DeviceId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import { AccountFiles } from "../storage/accountFiles.ts";
import type { DamagedFile, JsonFile } from "../storage/jsonFile.ts";

/** So many are remembered of an account, the newest. */
const MAX_REMEMBERED = 200;

const Remembered = z.object({
  deviceId: DeviceId,
  /** Milliseconds since 1970. */
  noticedAt: z.number(),
  answer: SessionAnswer.nullable(),
});

/** What is kept of an account: every session that was there when its list was last read, and those that were new. */
const KnownSessions = z.object({ deviceIds: z.array(z.string()), news: z.array(Remembered) });
type KnownSessions = z.infer<typeof KnownSessions>;

/** What the watch needs. */
export interface NewSessionsParts {
  /** Where an account's known sessions are kept. */
  fileOf: (accountId: AccountId) => string;
  onDamaged: (damaged: DamagedFile) => void;
  emit: Emit;
  logger: Logger;
}

type Requests = Pick<Handlers["devices"], "newSessions" | "answerNewSession">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/**
 * Notices sessions that were not there before, whoever asked for the list. What is there when an account's list is read
 * for the first time is no news; nothing is news twice, also over a restart.
 */
export class NewSessions implements Requests {
  readonly #parts: NewSessionsParts;
  readonly #files: AccountFiles<KnownSessions>;
  readonly #lists = new Map<AccountId, readonly Session[]>();
  #noticed: (accountId: AccountId, session: Session) => void = () => undefined;

  constructor(parts: NewSessionsParts) {
    this.#parts = parts;
    this.#files = new AccountFiles({ ...parts, schema: KnownSessions });
  }

  /** Calls back once for each session that is new. */
  onNoticed(listener: (accountId: AccountId, session: Session) => void): void {
    this.#noticed = listener;
  }

  /**
   * Takes in an account's list as the server has just given it.
   * @returns whether sessions have come or gone since the last time
   * @throws `file_failed`
   */
  take(accountId: AccountId, sessions: readonly Session[]): Promise<boolean> {
    return this.#files.inTurn(accountId, async (file) => !this.#files.isOver(accountId) && this.#take(file, accountId, sessions));
  }

  async #take(file: JsonFile<KnownSessions>, accountId: AccountId, sessions: readonly Session[]): Promise<boolean> {
    const others = sessions.filter(({ thisSession }) => !thisSession);
    // This one, too: where the account gets another device, its old one is no stranger's.
    const ids = sessions.map(({ deviceId }) => deviceId).sort();
    this.#lists.set(accountId, sessions);
    const isKnown = (known: KnownSessions | null): boolean => known?.deviceIds.join("\n") === ids.join("\n");
    if (isKnown(await file.read())) return false;
    const come: Session[] = [];
    await file.update((known) => {
      if (known === null || isKnown(known)) return { deviceIds: ids, news: known?.news ?? [] };
      const before = new Set(known.deviceIds);
      come.push(...others.filter(({ deviceId }) => !before.has(deviceId)));
      const noticedAt = Date.now();
      const news = come.map(({ deviceId }) => ({ deviceId, noticedAt, answer: null }));
      const left = known.news.filter(({ deviceId }) => !come.some((session) => session.deviceId === deviceId));
      return { deviceIds: ids, news: [...news, ...left].slice(0, MAX_REMEMBERED) };
    });
    await this.#tell(accountId);
    for (const session of come) {
      this.#parts.logger.info("a session is new", { accountId, deviceId: session.deviceId });
      this.#noticed(accountId, session);
    }
    return true;
  }

  /** Those that are there and that the person has not said anything about, newest first. @throws `file_failed` */
  async newSessions({ accountId }: Input<"newSessions">): Promise<{ newSessions: NewSession[] }> {
    const known = await this.#files.of(accountId).read();
    const sessions = this.#lists.get(accountId) ?? [];
    const newSessions = (known?.news ?? []).flatMap(({ deviceId, noticedAt, answer }) => {
      const session = sessions.find((one) => one.deviceId === deviceId);
      return session && answer === null ? [{ session, noticedAt }] : [];
    });
    return { newSessions };
  }

  /** Remembers what the person says of a session. @throws `file_failed` */
  answerNewSession({ accountId, deviceId, answer }: Input<"answerNewSession">): Promise<{ newSessions: NewSession[] }> {
    return this.#files.inTurn(accountId, async (file) => {
      await file.update((known) => ({
        deviceIds: known?.deviceIds ?? [],
        news: (known?.news ?? []).map((one) => (one.deviceId === deviceId ? { ...one, answer } : one)),
      }));
      await this.#tell(accountId);
      return this.newSessions({ accountId });
    });
  }

  /** Forgets an account that is gone. Afterwards nothing writes to its folder any more, which goes by itself. */
  async forget(accountId: AccountId): Promise<void> {
    await this.#files.forget(accountId);
    this.#lists.delete(accountId);
  }

  /** Ends the watch; resolves when nothing is being written any more. */
  stopAll(): Promise<void> {
    return this.#files.stopAll();
  }

  async #tell(accountId: AccountId): Promise<void> {
    this.#parts.emit("devices.newSessionsChanged", { accountId, ...(await this.newSessions({ accountId })) });
  }
}
