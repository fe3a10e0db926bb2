import * as z from "zod";
import { AppError } from "../errors.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SERVER } from "./errorKinds.ts";

/** A version that is newer than this one. */
export const NewerVersion = z.object({
  version: z.string().max(100),
  /** What is new, as plain text. */
  notes: z.string().max(20_000),
  /** Where it can be had: https. */
  page: z.string().max(2_000),
  /** How large its file is. Null where Steward can't put it in its own place: the system's packages, or the person, do. */
  sizeBytes: z.number().int().positive().nullable(),
});
export type NewerVersion = z.infer<typeof NewerVersion>;

/** What has come of the newer version's file. */
export const UpdateDownload = z.discriminatedUnion("phase", [
  z.object({ phase: z.literal("none") }),
  z.object({ phase: z.literal("downloading"), receivedBytes: z.number().int().nonnegative() }),
  /** It is here, and what was announced. */
  z.object({ phase: z.literal("ready") }),
  z.object({ phase: z.literal("failed"), error: AppError }),
]);
export type UpdateDownload = z.infer<typeof UpdateDownload>;

export const UpdateState = z.object({
  /** Whether this copy was told, when it was built, where newer versions are announced. */
  supported: z.boolean(),
  /** When it was last looked, in milliseconds since 1970; null where it wasn't since the start. */
  checkedAt: z.number().nullable(),
  /** Null where none is known. */
  newer: NewerVersion.nullable(),
  download: UpdateDownload,
});
export type UpdateState = z.infer<typeof UpdateState>;

/** Newer versions are told of. They are downloaded and installed only where the person says so, each time. */
export const updates = domain({
  requests: {
    state: request(z.object({}), UpdateState, []),
    /** Looks now. */
    check: request(z.object({}), UpdateState, [...ANY_SERVER, "file_failed"]),
    /** Opens the page of the newer version in the person's browser. */
    openPage: request(z.object({}), z.object({}), ["not_found", "forbidden"]),
    /** Begins to download the newer version. How it goes on is told by the event. */
    download: request(z.object({}), UpdateState, ["not_found"]),
    /** Stops that, and keeps nothing. */
    cancelDownload: request(z.object({}), UpdateState, ["file_failed"]),
    /** Puts what was downloaded in the place of this version, ends Steward and starts it again. */
    restart: request(z.object({}), z.object({}), ["not_found", "update_not_as_announced", "file_failed"]),
  },
  events: { changed: UpdateState },
});
