import * as z from "zod";
import { LANGUAGES, PSEUDO } from "../i18n/language.ts";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { FILES_HERE } from "./errorKinds.ts";

/** What a person can choose in Settings. */
export const Settings = z.object({
  theme: z.enum(["system", "light", "dark"]),
  language: z.enum(["system", ...LANGUAGES]),
  /** Locks the window after so many minutes without a person. Absent or null: never. */
  lockAfterMinutes: z.number().int().min(1).max(1440).nullable().optional(),
  /** Goes on when its window is closed, and shows an icon beside the clock. Absent: no. */
  keepRunning: z.boolean().optional(),
  /** Looks once a day whether there is a newer version. Absent: no. */
  lookForUpdates: z.boolean().optional(),
});
export type Settings = z.infer<typeof Settings>;

/** What there is of the app without its window. */
export const Background = z.object({
  /** Whether the desktop shows icons of running apps, as far as it says. */
  tray: z.enum(["shown", "none", "unknown"]),
  /** Whether the system starts the app when the person signs in; null where this app can't be. */
  startsAtLogin: z.boolean().nullable(),
});
export type Background = z.infer<typeof Background>;

/** What the app says about itself, for the Settings page and for a report. */
export const AppInfo = z.object({
  version: z.string(),
  electron: z.string(),
  chrome: z.string(),
  node: z.string(),
  platform: z.enum(["linux", "darwin", "win32"]),
  /** Whether this is the app as it is handed out, and not one started from its sources. */
  packaged: z.boolean(),
  /** Whether it runs on an Electron without security fixes, and so takes homeservers of this computer alone. */
  trial: z.boolean(),
  /** What "as the system" means for the language of the texts. */
  systemLanguage: z.enum([...LANGUAGES, PSEUDO]),
  /** Things that happened while starting and that the person should know, newest first. */
  notices: z.array(
    z.discriminatedUnion("kind", [
      z.object({
        kind: z.literal("file_was_damaged"),
        file: z.string(),
        /** The name under which it lies in the same folder now. */
        keptAs: z.string(),
        /** Whether its previous content took its place. */
        restored: z.boolean(),
      }),
      /** So many accounts in the list could not be understood; they stay in it as they are. */
      z.object({ kind: z.literal("accounts_not_understood"), count: z.number().int().positive() }),
      /** An earlier run ended with an error. */
      z.object({ kind: z.literal("previous_crash"), at: z.number() }),
      /** Something went wrong in an earlier run, which went on. */
      z.object({ kind: z.literal("previous_error"), at: z.number() }),
    ]),
  ),
});
export type AppInfo = z.infer<typeof AppInfo>;

/** In UTF-16 code units: as much as most issue trackers take, where a report is pasted. */
export const MAX_COPIED = 65_536;
/** What a person copies may be a list of a hundred thousand users. */
const MAX_COPIED_BY_PERSON = 50_000_000;

/** Something that went wrong in the window: drawing it, an event, or a promise that nobody waited for. */
export const RendererError = z.object({
  /**
   * Where it was met: React drew something else in its place (`caught`), the whole window was lost (`uncaught`) or drawing
   * it again helped (`recovered`); or the page's own event (`error`, `rejection`).
   */
  source: z.enum(["caught", "uncaught", "recovered", "error", "rejection"]),
  /** The error with its stack and its causes. */
  text: z.string().max(6000),
  /** Which components it lies in, as React tells it; empty where it does not. */
  components: z.string().max(2000),
});
export type RendererError = z.infer<typeof RendererError>;

export const app = domain({
  requests: {
    info: request(z.object({}), AppInfo, []),
    settings: request(z.object({}), Settings, FILES_HERE),
    updateSettings: request(Settings.partial(), Settings, FILES_HERE),
    background: request(z.object({}), Background, FILES_HERE),
    /** Has the system start the app, without its window, when the person signs in; or no longer. */
    startAtLogin: request(z.object({ on: z.boolean() }), Background, FILES_HERE),
    /**
     * Opens a page in the person's browser: https anywhere, http only on the homeserver of the account named.
     * Anything else is refused with `forbidden`.
     */
    openExternal: request(z.object({ url: z.string().max(4096), accountId: AccountId.optional() }), z.object({}), [
      "forbidden",
      "no_such_account",
    ]),
    /** While a secret is shown: keeps the window out of screenshots and shared screens, where the system can do that. */
    keepScreenPrivate: request(z.object({ private: z.boolean() }), z.object({}), []),
    copyText: request(z.object({ text: z.string().max(MAX_COPIED_BY_PERSON) }), z.object({}), []),
    /** Notes an error of the window's in the log and for the report. Too many are only counted. */
    reportError: request(RendererError, z.object({}), []),
    /** The redacted text of what went wrong, or of the recent log where nothing did, for the person to copy. */
    report: request(z.object({}), z.object({ text: z.string().max(MAX_COPIED) }), []),
    /** Forgets the notices, which have been read, and the reports of earlier runs. */
    dismissNotices: request(z.object({}), z.object({}), []),
  },
  events: {
    settingsChanged: Settings,
    /** The person has clicked a notification about this account. */
    openAccount: z.object({ accountId: AccountId }),
  },
});
