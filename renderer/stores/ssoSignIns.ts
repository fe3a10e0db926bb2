import { create } from "zustand";
import type { SsoSignIn } from "../../shared/contract/signIn.ts";
import type { ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";

/** The sign-ins that go on in the browser, and those that ended while the window was open. */
export const useSsoSignIns = create<{ readonly byId: Readonly<Record<ConversationId, SsoSignIn>> }>()(() => ({ byId: {} }));

/** Takes in a sign-in as it is now. */
export function ssoSignInChanged(signIn: SsoSignIn): void {
  useSsoSignIns.setState(({ byId }) => ({ byId: { ...byId, [signIn.signInId]: signIn } }));
}

/** Asks main for those under way: what a window that was loaded again needs. */
export async function loadSsoSignIns(): Promise<void> {
  const { signIns } = await steward.signIn.listSso({});
  for (const signIn of signIns) ssoSignInChanged(signIn);
}

/** Whether a sign-in still needs the person or the server. */
export const isUnderWay = ({ status }: SsoSignIn): boolean => status === "waiting" || status === "finishing";
