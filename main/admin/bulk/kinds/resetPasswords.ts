import * as z from "zod";
import type { Password } from "../../../../shared/secret.ts";
import { redactingPassword } from "../../../http/passwordRefusal.ts";
import type { AdminApi } from "../../adminApi.ts";
import type { MasApi } from "../../mas/masApi.ts";
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
  withService: "by",
  setsPasswords: "always",
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
    const [{ mas }, masUser] = [api, await api.masUser(userId)];
    const send = (admin: AdminApi): Promise<unknown> =>
      mas && masUser ? setByService(mas, masUser.id, password, signOut) : admin.changeUser(userId, changes, CHANGE_MS);
    // Nobody can see which password somebody has.
    const end = await settle(
      api,
      userId,
      (admin) => redactingPassword(password, send(admin)),
      () => null,
      begunAt,
    );
    // Where the answer was lost, it may be the one that counts.
    return { ...end, madePassword: passwordMade && (end.outcome === "done" || end.outcome === "unknown") };
  },
});

/** A service ends no session by a new password. Either can be done again. */
async function setByService(mas: MasApi, id: string, password: Password, signOut: boolean): Promise<void> {
  await mas.setPassword(id, password);
  if (signOut) await mas.endSessions(id);
}
