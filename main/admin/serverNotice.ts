import * as z from "zod";
import { type AppError, AppFailure } from "../../shared/errors.ts";
import { mayBeDoneUnseen } from "../http/lostAnswer.ts";
import type { AdminApi } from "./adminApi.ts";

/** What became of a notice. */
export type NoticeEnd =
  | { status: "sent" }
  /** The server sends none: it would refuse each of them. */
  | { status: "off" }
  /** The answer was lost. Sent again it might arrive twice, so it is not. */
  | { status: "unknown"; error: AppError };

const PATH = ["v1", "send_server_notice"] as const;
/** The server makes a room for the first notice to somebody. Milliseconds. */
const NOTICE_MS = 60_000;
/** No user is called that: an underscore at the beginning is for bridges, and spaces are for nobody. */
const NOBODY = "_ nobody";

const contentOf = (text: string) => ({ msgtype: "m.text", body: text });

/**
 * Whether the server sends notices (Synapse, "Server Notices"): it is asked to send one to nobody, and looks at that first.
 *
 * @throws what the server says to anything else
 */
export async function sendsNotices(api: AdminApi): Promise<boolean> {
  const body = { user_id: `@${NOBODY}:${api.serverName}`, content: contentOf("-") };
  try {
    await api.request({ method: "POST", path: PATH, body, schema: z.unknown() });
    return true;
  } catch (thrown) {
    if (!(thrown instanceof AppFailure)) throw thrown;
    const { error } = thrown;
    if (error.kind === "not_found") return true;
    if (error.kind === "admin_api_lacks" || (error.kind === "server" && error.status === 400)) return false;
    throw thrown;
  }
}

/**
 * Sends a notice to one user, once. The form with a transaction ID is no help against sending one twice: servers remember those
 * in memory, and not whom they were for.
 *
 * @throws `not_found` where there is no such user, and what else the server says where nothing was sent
 */
export async function sendServerNotice(api: AdminApi, userId: string, text: string, signal?: AbortSignal): Promise<NoticeEnd> {
  api.checkOwnServer(userId);
  const body = { user_id: userId, content: contentOf(text) };
  try {
    await api.request({ method: "POST", path: PATH, body, schema: z.unknown(), timeoutMs: NOTICE_MS, ...(signal && { signal }) });
    return { status: "sent" };
  } catch (thrown) {
    if (!(thrown instanceof AppFailure)) throw thrown;
    if (mayBeDoneUnseen(thrown)) return { status: "unknown", error: thrown.error };
    const { error } = thrown;
    const mayBeOff = error.kind === "admin_api_lacks" || (error.kind === "server" && error.status === 400);
    if (mayBeOff && !(await sendsNotices(api))) return { status: "off" };
    throw thrown;
  }
}
