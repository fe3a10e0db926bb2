import type { KeptBackups } from "../../shared/contract/setUp.ts";
import type { AuthDict } from "../uia/challenges.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import type { PendingSetUp } from "./pendingSetUp.ts";
import type { OwnStore } from "../roomKeys/ownStore.ts";

/** Lets a request be authenticated by the person. */
export type Authenticate = (request: (auth: AuthDict | null) => Promise<void>) => Promise<void>;

/** What the steps of a set-up work with. */
export interface SetUpContext {
  access: EncryptionContext;
  pending: PendingSetUp;
  /** Gives this session's room keys. */
  ownStore: () => Promise<OwnStore>;
  authenticate: Authenticate;
  /** Told which backups were not deleted, because not everything in them is shown to be elsewhere; null: none. */
  onKept: (kept: KeptBackups | null) => void;
}
