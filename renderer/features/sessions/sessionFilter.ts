import type { Session } from "../../../shared/contract/devices.ts";

/** Which sessions are shown. */
export const sessionFilters = ["all", "verified", "unverified", "inactive"] as const;
export type SessionFilter = (typeof sessionFilters)[number];

/** Whether a session belongs to what the filter shows. */
export function passesFilter({ verification, inactive }: Session, filter: SessionFilter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "verified":
      return verification === "verified";
    case "unverified":
      return verification !== "verified";
    case "inactive":
      return inactive;
  }
}

/** Whether every word of the query is found in the session's name, id or address. */
export function matchesQuery({ name, deviceId, lastSeenIp }: Session, query: string): boolean {
  const text = `${name ?? ""} ${deviceId} ${lastSeenIp ?? ""}`.toLocaleLowerCase();
  return query
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** What kind of client a session's name speaks of; only for its picture. */
export function kindOfClient(name: string | null): "phone" | "browser" | "computer" | "unknown" {
  if (name === null) return "unknown";
  if (/android|iphone|ipad|ios|phone|mobile/i.test(name)) return "phone";
  if (/firefox|chrome|safari|edge|web|browser|https?:/i.test(name)) return "browser";
  if (/desktop|windows|macos|linux|steward|electron/i.test(name)) return "computer";
  return "unknown";
}
