import type { AdminAccess } from "../../../shared/contract/administration.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { Verdict } from "../../accountHealth.ts";
import { t } from "../../i18n/index.ts";
import type { FoundOnServer } from "../../stores/searchOnServers.ts";

/** How a server is as far as its admin is concerned, in a word or two. */
export function serverVerdict(access: AdminAccess | null): Verdict {
  switch (access?.status) {
    case "admin":
      return { tone: "good", text: t("servers.reachable") };
    case "not_admin":
      return { tone: "bad", text: t("servers.notAdmin") };
    case "not_exposed":
    case "not_supported":
      return { tone: "bad", text: t("servers.noAdminApi") };
    case "unreachable":
      return failureVerdict(access.error);
    default:
      return { tone: "quiet", text: t("servers.notAsked") };
  }
}

/** Why a server does not answer, in a word or two. */
function failureVerdict({ kind }: AppError): Verdict {
  if (kind === "rate_limited") return { tone: "warn", text: t("servers.rateLimited") };
  if (kind === "forbidden") return { tone: "bad", text: t("servers.notAdmin") };
  if (kind === "admin_api_not_exposed" || kind === "admin_api_lacks") return { tone: "bad", text: t("servers.noAdminApi") };
  return { tone: "bad", text: t("servers.unreachable") };
}

/** How far the search of a server is; null where it is not searched. */
export function foundText(found: FoundOnServer<unknown> | null): string | null {
  switch (found?.status) {
    case "searching":
      return t("servers.searching");
    case "found":
      return t(found.more ? "servers.foundMore" : "servers.foundCount", { count: found.rows.length });
    case "failed":
      return failureVerdict(found.error ?? { kind: "cancelled" }).text;
    default:
      return null;
  }
}
