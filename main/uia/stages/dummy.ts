import type { StageDefinition } from "../stage.ts";

const TYPE = "m.login.dummy";

/** `m.login.dummy`: nothing to do but to say so. */
export const dummy: StageDefinition<"automatic"> = {
  kind: "automatic",
  types: [TYPE],
  cost: 0,
  polled: false,
  show: (type) => ({ kind: "automatic", type }),
  auth: () => ({ type: TYPE }),
};
