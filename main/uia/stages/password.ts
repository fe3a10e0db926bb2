import type { StageDefinition } from "../stage.ts";

const TYPE = "m.login.password";

/** `m.login.password`: the account's own password. */
export const password: StageDefinition<"password"> = {
  kind: "password",
  types: [TYPE],
  cost: 1,
  polled: false,
  show: () => ({ kind: "password" }),
  auth: (answer, { userId }) => ({
    type: TYPE,
    identifier: { type: "m.id.user", user: userId },
    password: answer.password,
  }),
};
