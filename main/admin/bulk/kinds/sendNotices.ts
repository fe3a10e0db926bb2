import * as z from "zod";
import { fail } from "../../../../shared/errors.ts";
import { sendServerNotice, sendsNotices } from "../../serverNotice.ts";
import { bulkKind, ID_ALONE, LIGHT_PACE } from "../bulkKind.ts";
import { done, failed, skipped, unknown } from "../rowEnds.ts";
import { idAlone, notThere, UserRow, userRowOf } from "./userRow.ts";

/** Users are told something in the server's own room. */
export const sendNotices = bulkKind({
  action: "send_notice",
  kind: "send_notices",
  reads: ID_ALONE,
  pace: LIGHT_PACE,
  withService: "beside",
  setsPasswords: "never",
  payload: z.object({ text: z.string().min(1) }),
  payloadOf: ({ notice }) => ({ text: notice }),
  row: UserRow,
  rowOf: userRowOf,
  result: idAlone,
  prepare: async (api) => {
    if (!(await api.read((admin) => sendsNotices(admin)))) throw fail("notices_off");
  },
  judge: async (api, { userId }) => ({ refusal: notThere(await api.user(userId), userId, new Set()) }),
  perform: async (api, { userId }, { text }, { begunAt, begin }) => {
    // It may have arrived. Sent again, it might arrive twice: servers remember in memory alone what they have sent.
    if (begunAt !== null) return unknown("interrupted", null);
    const refusal = notThere(await api.user(userId), userId, new Set());
    if (refusal !== null) return refusal;
    await begin();
    const sent = await api.write((admin) => sendServerNotice(admin, userId, text));
    if (sent.kind === "lost") return unknown(null, sent.error);
    if (sent.kind === "refused") return sent.error.kind === "not_found" ? skipped("no_such_user") : failed(sent.error);
    const end = sent.value;
    if (end.status === "off") return failed({ kind: "notices_off" });
    return end.status === "sent" ? done : unknown(null, end.error);
  },
});
