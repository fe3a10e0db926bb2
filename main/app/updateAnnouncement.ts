import { createPublicKey, verify } from "node:crypto";
import * as z from "zod";
import { NewerVersion } from "../../shared/contract/updates.ts";
import type { UpdateTarget } from "./updateTarget.ts";

/** What `latest.json` holds: an announcement as text, and a signature over that text's bytes. */
export const SignedAnnouncement = z.object({ announcement: z.string().max(100_000), signature: z.string().max(1_000) });

/** A file that a version is installed with. It lies beside the announcement. */
const AnnouncedFile = z.object({
  /** As Node names them in `process`. */
  platform: z.string().max(50),
  arch: z.string().max(50),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/),
  sizeBytes: z.number().int().positive().max(4_000_000_000),
  /** As base64. */
  sha512: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});
export type AnnouncedFile = z.infer<typeof AnnouncedFile>;

const Announcement = NewerVersion.omit({ sizeBytes: true }).extend({
  page: z.url({ protocol: /^https$/ }).max(2_000),
  // One that was written for versions that are not installed from here names none.
  files: z.array(AnnouncedFile).max(50).default([]),
});
export type Announcement = z.infer<typeof Announcement>;

/**
 * What is announced; null where it isn't signed with this key, or not understood.
 * @param publicKey Ed25519: SPKI in DER, as base64
 */
export function readAnnouncement({ announcement, signature }: z.infer<typeof SignedAnnouncement>, publicKey: string): Announcement | null {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
  const isSigned = key.asymmetricKeyType === "ed25519" && verify(null, Buffer.from(announcement), key, Buffer.from(signature, "base64"));
  return isSigned ? (Announcement.safeParse(parsed(announcement)).data ?? null) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The file that takes the place of this copy; null where there is none for this computer. */
export function fileFor({ files }: Announcement, target: UpdateTarget | null): AnnouncedFile | null {
  if (target === null) return null;
  const { platform, arch } = process;
  return files.find((file) => file.platform === platform && file.arch === arch && file.name.endsWith(`.${target.extension}`)) ?? null;
}
