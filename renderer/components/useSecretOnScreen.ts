import { useEffect, type RefObject } from "react";
import { steward } from "../bridge.ts";

/** The ways in which what is selected leaves the window. */
const SELECTION_LEAVES = ["copy", "cut", "dragstart"] as const;

/**
 * Guards a secret that is being shown: the window is kept out of screenshots, and the secret cannot be dragged away. By
 * keyboard or menu it would stay on the clipboard, so `copy`, which lets main take it off again, is called instead.
 *
 * @param shown where it stands, while it does
 * @param copy stays the same function
 */
export function useSecretOnScreen(shown: RefObject<HTMLElement | null>, isShown: boolean, copy: () => void): void {
  useEffect(() => {
    if (!isShown) return undefined;
    void steward.app.keepScreenPrivate({ private: true }).catch(() => undefined);
    return () => void steward.app.keepScreenPrivate({ private: false }).catch(() => undefined);
  }, [isShown]);
  useEffect(() => {
    const instead = (event: Event): void => {
      if (!shown.current || !getSelection()?.containsNode(shown.current, true)) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.type !== "dragstart") copy();
    };
    for (const type of SELECTION_LEAVES) document.addEventListener(type, instead, true);
    return () => {
      for (const type of SELECTION_LEAVES) document.removeEventListener(type, instead, true);
    };
  }, [shown, copy]);
}
