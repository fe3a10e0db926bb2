import type { StageContext } from "../stage.ts";

/**
 * The page on which a homeserver lets a stage be done in a browser (Client-Server API, "Fallback"). Null without a
 * session: the page would not know whose stage it is.
 */
export function fallbackPage(type: string, { demand, baseUrl }: Pick<StageContext, "demand" | "baseUrl">): string | null {
  if (demand.session === undefined) return null;
  const page = `${baseUrl.replace(/\/+$/, "")}/_matrix/client/v3/auth/${encodeURIComponent(type)}/fallback/web`;
  return `${page}?session=${encodeURIComponent(demand.session)}`;
}
