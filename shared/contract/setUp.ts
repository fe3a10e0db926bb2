import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId } from "../ids.ts";

export const SetUpStep = z.enum([
  "identity",
  "secret_storage",
  "key_backup",
  "room_keys",
  "check",
  /** Takes away what was replaced, after everything new has been checked. */
  "clean_up",
]);
export type SetUpStep = z.infer<typeof SetUpStep>;

export const SetUpKind = z.enum([
  "set_up",
  /** Another Security Key, with or without a phrase, for the same identity and the same backup. */
  "change",
  /** A new identity, a new Security Key and a new backup. */
  "reset",
]);
export type SetUpKind = z.infer<typeof SetUpKind>;

/** Backups that were not deleted, because not all room keys in them are shown to be elsewhere. */
export const KeptBackups = z.object({ backups: z.number().int(), roomKeys: z.number().int() });
export type KeptBackups = z.infer<typeof KeptBackups>;

const setUp = z.object({
  accountId: AccountId,
  kind: SetUpKind,
  method: z.enum(["key", "phrase"]),
  steps: z.array(z.object({ step: SetUpStep, status: z.enum(["to_do", "running", "done"]) })),
});

/** Setting up, changing or resetting Secure Backup, a conversation that main remembers until it is checked or given up. */
export const SetUp = z.discriminatedUnion("phase", [
  /** The Security Key has been made and waits to be typed back. Nothing is on the server. */
  setUp.extend({ phase: z.literal("confirm_key") }),
  setUp.extend({ phase: z.literal("running") }),
  /** Stopped by an error, a cancel or the end of the app; can be continued. */
  setUp.extend({
    phase: z.literal("stopped"),
    /** Null after the end of the app. */
    error: AppError.nullable(),
    /** Milliseconds since 1970 from when on this computer keeps its Security Key, sealed, to finish it. Null where that was not noted. */
    keptSince: z.number().nullable(),
  }),
  setUp.extend({
    phase: z.literal("checked"),
    /** What a reset has left in place; null when nothing was. */
    keptBackups: KeptBackups.nullable(),
  }),
]);
export type SetUp = z.infer<typeof SetUp>;
/** A set-up in one of these phases. */
export type SetUpIn<P extends SetUp["phase"]> = Extract<SetUp, { phase: P }>;
