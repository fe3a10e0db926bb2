import * as z from "zod";
import type { AdminApi } from "../adminApi.ts";

const LoginFlows = z.object({ flows: z.array(z.looseObject({ type: z.string() })).max(1000) });

/** Whether people sign in to the server with passwords that it keeps (Client-Server API, "GET /login"). */
export async function takesPasswords(api: AdminApi): Promise<boolean> {
  const { flows } = await api.requestFromBase({ path: "/_matrix/client/v3/login", schema: LoginFlows });
  return flows.some(({ type }) => type === "m.login.password");
}
