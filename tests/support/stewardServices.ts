import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openServices, type ServicesOptions, type Services } from "../../main/services.ts";
import { shutDown } from "../../main/shutdown.ts";
import { AccountIndex } from "../../main/storage/accountIndex.ts";
import { Folders } from "../../main/storage/folders.ts";
import { SettingsFile } from "../../main/storage/settingsFile.ts";
import type { DamagedFile } from "../../main/storage/jsonFile.ts";
import type { EventChannel, EventPayload } from "../../shared/contract/index.ts";
import type { BrowserSignIn } from "../../shared/contract/signIn.ts";
import type { ConversationId } from "../../shared/ids.ts";
import { watchErrors } from "./declaredErrors.ts";
import { revealed } from "./secretValues.ts";
import { MemoryKeychain } from "./memoryKeychain.ts";
import { waitUntil } from "./waitUntil.ts";

/** An event as the renderer would have got it. */
export type SentEvent = { [C in EventChannel]: { channel: C; payload: EventPayload<C> } }[EventChannel];

/** What a test may have otherwise. */
type Overrides = Partial<
  Pick<
    ServicesOptions,
    | "fetch"
    | "keeperTimes"
    | "linkTimes"
    | "managementTimes"
    | "onlyThisComputer"
    | "recoveryTimes"
    | "registrationPollMs"
    | "revocationTimes"
    | "serverAwayMs"
    | "serverLimits"
    | "verificationLimits"
  >
>;

/** Main's services on plain Node, with a data folder that outlives them. */
export class StewardData {
  readonly folder: string;
  readonly keychain = new MemoryKeychain();
  readonly events: SentEvent[] = [];
  /** Called with each of them. */
  onEvent: ((event: SentEvent) => void) | null = null;
  /** What was logged as a warning or worse, before redaction. */
  readonly warnings: string[] = [];
  /** Security Keys that were copied or saved. */
  readonly kept: string[] = [];
  /** Pages that were opened in the browser. */
  readonly opened: string[] = [];
  /** What the person answers when asked for a key file; null cancels. */
  keyFile: string | null = null;
  /** Requests that ended with an error which the contract does not name for them. */
  readonly #undeclared = new Set<string>();
  readonly #open: Services[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes an empty data folder. */
  static async create(): Promise<StewardData> {
    return new StewardData(await mkdtemp(join(tmpdir(), "steward-data-")));
  }

  /** Opens the services as a start of the app does; no session is started yet. */
  async open(overrides: Overrides = {}): Promise<Services> {
    const note = (message: string, fields?: object): void => void this.warnings.push(`${message} ${JSON.stringify(fields)}`);
    const logger = { debug: () => undefined, info: () => undefined, warn: note, error: note };
    const folders = new Folders(this.folder);
    const onDamaged = ({ file }: DamagedFile): void => void this.warnings.push(`damaged ${file}`);
    const services = await openServices({
      folders,
      index: new AccountIndex({ path: folders.accountIndexFile, onDamaged, onUnreadableEntries: () => undefined }),
      homeservers: new SettingsFile({ path: folders.settingsFile, onDamaged }),
      fetch: globalThis.fetch,
      emit: (channel, payload) => {
        const event = { channel, payload } as SentEvent;
        this.events.push(event);
        this.onEvent?.(event);
      },
      loggerFor: () => logger,
      keepOutOfLogs: () => undefined,
      openInBrowser: (url) => Promise.resolve(void this.opened.push(url)),
      onDamaged,
      keychain: this.keychain,
      ...overrides,
      keeping: {
        copyText: (secret) => Promise.resolve(void this.kept.push(secret.reveal())),
        saveText: ({ text }) => Promise.resolve(this.kept.push(revealed(text)) > 0),
        print: () => Promise.resolve(true),
        savePdf: () => Promise.resolve(true),
      },
      keyFiles: {
        chooseTarget: () => Promise.resolve(this.keyFile),
        chooseSource: () => Promise.resolve(this.keyFile),
      },
    });
    this.#open.push(services);
    watchErrors(services, (what) => this.#undeclared.add(what));
    return services;
  }

  /** What was told of a sign-in in the person's browser, oldest first. */
  signInStates(signInId: ConversationId): BrowserSignIn[] {
    return this.events.flatMap(({ channel, payload }) =>
      channel === "signIn.browserSignInChanged" && payload.signInId === signInId ? [payload] : [],
    );
  }

  /** How it has ended; undefined while it goes on. */
  signInEnd(signInId: ConversationId) {
    return this.signInStates(signInId).find(
      (state): state is Exclude<BrowserSignIn, { status: "waiting" | "finishing" }> =>
        state.status !== "waiting" && state.status !== "finishing",
    );
  }

  /** Waits until it has ended, and answers how. */
  signInEnded = (signInId: ConversationId) => waitUntil(() => this.signInEnd(signInId), { what: "the sign-in to end", timeoutMs: 60_000 });

  /** Ends the services in order, as quitting does. @throws where a request ended as the contract does not say */
  async close(): Promise<void> {
    for (const services of this.#open.splice(0)) await shutDown(services);
    if (this.#undeclared.size > 0) throw new Error(`the contract does not name: ${[...this.#undeclared].join(", ")}`);
  }

  /** Closes, and removes the folder. */
  async destroy(): Promise<void> {
    await this.close().finally(() => rm(this.folder, { recursive: true, force: true }));
  }
}
