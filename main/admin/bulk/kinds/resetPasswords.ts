import * as z from "zod";
import { redactingPassword } from "../../../http/passwordRefusal.ts";
import { bulkKind, LIGHT_PACE } from "../bulkKind.ts";
import { localpartOf, passwordCell } from "../resultCells.ts";
import { CHANGE_MS, settle } from "./settle.ts";
import { notThere, passwordFor, PasswordRow } from "./userRow.ts";

/** Users get other passwords, given ones or made ones. */
export const resetPasswords = bulkKind({
  action: "reset_passwords",
  kind: "reset_passwords",
  reads: { isNew: false, columns: ["id", "password"] },
  pace: LIGHT_PACE,
  besideService: false,
  setsPasswords: "always",
  fileName: "New passwords",
  payload: z.object({ signOut: z.boolean() }),
  payloadOf: ({ signOut }) => ({ signOut }),
  row: PasswordRow,
  rowOf: (user) => ({ userId: user.userId, ...passwordFor(user) }),
  result: { names: ["id", "password"], cellsOf: (row, which) => [localpartOf(row.userId), passwordCell(row, which)] },
  judge: async (api, { userId }, { own }) => ({ refusal: notThere(await api.user(userId), userId, own) }),
  perform: async (api, { userId, password, passwordMade }, { signOut }, { own, begunAt, begin }) => {
    const refusal = notThere(await api.user(userId), userId, own);
    if (refusal !== null) return refusal;
    await begin();
    const changes = { password, logout_devices: signOut };
    // Nobody can see which password somebody has.
    const end = await settle(api, userId, (admin) => redactingPassword(password, admin.changeUser(userId, changes, CHANGE_MS)), () => null, begunAt);
    // Where the answer was lost, it may be the one that counts.
    return { ...end, madePassword: passwordMade && (end.outcome === "done" || end.outcome === "unknown") };
  },
});
