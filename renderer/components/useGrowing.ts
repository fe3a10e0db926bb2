import { useEffect, useRef, useState, type RefObject } from "react";

/** So many entries are drawn at once: more than a window shows, few enough not to be noticed. */
const STEP = 50;
/** How far below the window the end of what is drawn may come before more is drawn, in pixels. */
const AHEAD_PX = 1200;

/**
 * Draws a long list from its top, and more of it as its end comes near: hundreds of entries at once would hold up the
 * window. `end` belongs to an element right after the list.
 *
 * @param key of what the list shows; where it changes, the list begins at its top again
 */
export function useGrowing<T>(all: readonly T[], key: string): { shown: readonly T[]; end: RefObject<HTMLDivElement | null> } {
  const [state, setState] = useState({ key, count: STEP });
  const count = state.key === key ? state.count : STEP;
  const end = useRef<HTMLDivElement>(null);
  const more = count < all.length;
  useEffect(() => {
    const element = end.current;
    if (!element || !more) return;
    const grow = ([entry]: IntersectionObserverEntry[]): void => {
      if (entry?.isIntersecting) setState({ key, count: count + STEP });
    };
    const observer = new IntersectionObserver(grow, { root: element.closest("main"), rootMargin: `${AHEAD_PX}px` });
    observer.observe(element);
    return () => observer.disconnect();
  }, [key, count, more]);
  return { shown: all.slice(0, count), end };
}
