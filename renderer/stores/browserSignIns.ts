import { create } from "zustand";
import type { BrowserSignIn } from "../../shared/contract/signIn.ts";
import type { ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { accountManagements } from "./accountManagement.ts";

/** The sign-ins that go on in the browser, and those that ended while the window was open. */
export const useBrowserSignIns = create<{ readonly byId: Readonly<Record<ConversationId, BrowserSignIn>> }>()(() => ({ byId: {} }));

/** Takes in a sign-in as it is now. */
export function browserSignInChanged(signIn: BrowserSignIn): void {
  useBrowserSignIns.setState(({ byId }) => ({ byId: { ...byId, [signIn.signInId]: signIn } }));
  // What it can go over to depends on how it is signed in.
  if (signIn.status === "done") accountManagements.reload(signIn.accountId);
}

/** Asks main for those under way: what a window that was loaded again needs. */
export async function loadBrowserSignIns(): Promise<void> {
  const { signIns } = await steward.signIn.listBrowserSignIns({});
  for (const signIn of signIns) browserSignInChanged(signIn);
}

/** Whether a sign-in still needs the person or the server. */
export const isUnderWay = ({ status }: BrowserSignIn): boolean => status === "waiting" || status === "finishing";
