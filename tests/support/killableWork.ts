import type { SetUpKind } from "../../shared/contract/setUp.ts";

/** Work of several steps, as the child that is to be killed is told of it. */
export type KillableWork = { kind: SetUpKind } | { kind: "repair"; securityKey: string; newBackup: boolean } | { kind: "turn_off" };

/** The same, what a person does whose device was removed, and one request of an account that is signed in. */
export type ChildWork = KillableWork | { kind: "sign_in_again" } | { kind: "ask" };
