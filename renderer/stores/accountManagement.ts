import type { AccountManagement } from "../../shared/contract/accountManagement.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";

/** Whether each account's homeserver has accounts managed on a page of its own, as it last told. */
export const accountManagements = createLoaded<AccountManagement>((accountId) => steward.accountManagement.state({ accountId }));
