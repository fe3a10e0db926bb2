import * as z from "zod";
import { domain, request } from "./defineDomain.ts";

/** A version that is newer than this one. */
export const NewerVersion = z.object({
  version: z.string().max(100),
  /** What is new, as plain text. */
  notes: z.string().max(20_000),
  /** Where it can be had: https. */
  page: z.string().max(2_000),
});
export type NewerVersion = z.infer<typeof NewerVersion>;

export const UpdateState = z.object({
  /** Whether this copy was told, when it was built, where newer versions are announced. */
  supported: z.boolean(),
  /** When it was last looked, in milliseconds since 1970; null where it wasn't since the start. */
  checkedAt: z.number().nullable(),
  /** Null where none is known. */
  newer: NewerVersion.nullable(),
});
export type UpdateState = z.infer<typeof UpdateState>;

/** Newer versions are told of, and never fetched: the person, or their system, installs them. */
export const updates = domain({
  requests: {
    state: request(z.object({}), UpdateState),
    /** Looks now. */
    check: request(z.object({}), UpdateState),
    /** Opens the page of the newer version in the person's browser. */
    openPage: request(z.object({}), z.object({})),
  },
  events: { changed: UpdateState },
});
