import type { SetUpKind } from "../../shared/contract/secureBackup.ts";

/** Work of several steps, as the child that is to be killed is told of it. */
export type KillableWork =
  | { kind: SetUpKind }
  | { kind: "repair"; securityKey: string; newBackup: boolean }
  | { kind: "turn_off" };

/** The same, and what a person does whose device was removed. */
export type ChildWork = KillableWork | { kind: "sign_in_again" };
