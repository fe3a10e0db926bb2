import type { Password } from "../../../shared/secret.ts";
/** Whole Matrix IDs begin with what a spreadsheet takes for a formula. */
export const localpartOf = (userId: string): string => /^@([^:]*):/.exec(userId)?.[1] ?? userId;

/** One that was made is told where it is in use, and made again where it is not; one that was given is told where it is needed again. */
export function passwordCell({ password, passwordMade }: { password: Password; passwordMade: boolean }, which: "all" | "again"): string {
  return passwordMade === (which === "all") ? password.reveal() : "";
}
