import * as z from "zod";
import { AccountId } from "../ids.ts";
import { domain, request } from "./define.ts";

/** What a person can choose in Settings. */
export const Settings = z.object({
  theme: z.enum(["system", "light", "dark"]),
});
export type Settings = z.infer<typeof Settings>;

/** What the app says about itself, for the Settings page and for a report. */
export const AppInfo = z.object({
  version: z.string(),
  electron: z.string(),
  chrome: z.string(),
  node: z.string(),
  platform: z.enum(["linux", "darwin", "win32"]),
  /** Whether this is the app as it is handed out, and not one started from its sources. */
  packaged: z.boolean(),
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
      z.object({ kind: z.literal("previous_crash"), at: z.number() }),
    ]),
  ),
});
export type AppInfo = z.infer<typeof AppInfo>;

export const app = domain({
  requests: {
    info: request(z.object({}), AppInfo),
    settings: request(z.object({}), Settings),
    updateSettings: request(Settings.partial(), Settings),
    /**
     * Opens a page in the person's browser: https anywhere, http only on the homeserver of the account named.
     * Anything else is refused with `forbidden`.
     */
    openExternal: request(z.object({ url: z.string().max(4096), accountId: AccountId.optional() }), z.object({})),
    copyText: request(z.object({ text: z.string().max(10_000) }), z.object({})),
    /** The redacted text of the last crash or of the recent log, for the person to copy; null when there is none. */
    report: request(z.object({}), z.object({ text: z.string().nullable() })),
    /** Forgets a notice that has been read. */
    dismissNotices: request(z.object({}), z.object({})),
  },
  events: {
    settingsChanged: Settings,
  },
});
