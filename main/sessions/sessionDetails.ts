import type { AccountId } from "../../shared/ids.ts";

/** The part of main that carries the SDK; loaded when the first session starts. */
export type LoadSdk = () => Promise<typeof import("../sdk/index.ts")>;

export interface SessionDetails {
  accountId: AccountId;
  userId: string;
  deviceId: string;
  baseUrl: string;
  /** True when the session has run before: its crypto store must be there. */
  hasRun: boolean;
}
