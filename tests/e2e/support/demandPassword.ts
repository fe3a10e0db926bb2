import type { FaultProxy } from "../../support/faultProxy.ts";

/**
 * Makes the proxy ask for the account's password the next so many times that an identity is uploaded, as homeservers did
 * before MSC3967. Synapse asks for none when the identity is an account's first, so what comes with a password passes.
 */
export function demandPassword(proxy: FaultProxy, times: number): void {
  proxy.addRule({
    method: "POST",
    path: /device_signing\/upload/,
    times,
    fault: {
      kind: "answer",
      status: 401,
      body: { session: "of the proxy", flows: [{ stages: ["m.login.password"] }], params: {} },
    },
  });
}
