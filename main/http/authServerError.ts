import type { AppError } from "../../shared/errors.ts";
import type { ServerErrorBody } from "./serverErrors.ts";
import { serverError } from "./serverErrors.ts";
import { serverText } from "./serverText.ts";

/**
 * The meaning of an error answer of an authorization server's own admin API, which has sentences and no codes
 * (`{"errors": [{"title": …}]}`). Without such a sentence something else has answered, which knows nothing of tokens.
 *
 * @param host the authorization server's name
 */
export function authServerError(status: number, body: ServerErrorBody & { errors?: unknown }, host: string, headers: Headers): AppError {
  const [first] = Array.isArray(body.errors) ? (body.errors as { title?: unknown }[]) : [];
  const message = serverText(first?.title, 500);
  if (status === 429 || status >= 500) return serverError(status, {}, host, headers);
  if (message === "")
    return [401, 403, 404, 405].includes(status) ? { kind: "admin_api_not_exposed", host } : { kind: "gateway_error", host, status };
  if (status === 401) return { kind: "unauthenticated", softLogout: false };
  if (status === 403) return { kind: "forbidden", message };
  if (status === 404) return { kind: "not_found" };
  return { kind: "server", status, errcode: "", message };
}
