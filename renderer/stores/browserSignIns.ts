import type { BrowserSignIn } from "../../shared/contract/signIn.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { accountManagements } from "./accountManagement.ts";
import { createConversations } from "./conversations.ts";

const { use, changed, forget, load } = createConversations(
  ({ signInId }) => signInId,
  async () => (await steward.signIn.listBrowserSignIns({})).signIns,
);

/** The sign-ins that go on in the browser, and those that ended while the window was open. */
export const useBrowserSignIns = use;
export const loadBrowserSignIns = load;

/** Forgets those of an account that was removed. */
export const forgetBrowserSignIns = (of: AccountId): void => forget(({ accountId }) => accountId === of);

/** Takes in a sign-in as it is now. */
export function browserSignInChanged(signIn: BrowserSignIn): void {
  changed(signIn);
  // What it can go over to depends on how it is signed in.
  if (signIn.status === "done") accountManagements.reload(signIn.accountId);
}

/** Whether a sign-in still needs the person or the server. */
export const isUnderWay = ({ status }: BrowserSignIn): boolean => status === "waiting" || status === "finishing";
