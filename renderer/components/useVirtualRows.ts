import { type RefObject, useLayoutEffect, useRef, useState } from "react";

/** How many rows are drawn above and below what the window shows. */
const AROUND = 16;
/** The range moves by so many rows at once: drawing at every one is too much for a fast scroll. */
const STEP = 4;

export interface VirtualRows<E> {
  /** Belongs to the element that holds the rows and nothing else, and is as high as all of them. */
  readonly body: RefObject<E | null>;
  /** The rows to draw: from this one on, up to and without that one. */
  readonly first: number;
  readonly end: number;
}

/**
 * Which rows of a long list are to be drawn: those that the page shows, and some around them. All are of one height, so that the
 * rest is blank space of a known height; it may be another one where the page is narrow.
 */
export function useVirtualRows<E extends HTMLElement = HTMLTableSectionElement>(count: number): VirtualRows<E> {
  const body = useRef<E>(null);
  const [range, setRange] = useState({ first: 0, end: 2 * AROUND });
  useLayoutEffect(() => {
    const element = body.current;
    const page = element?.closest("main");
    if (!element || !page || count === 0) return;
    const measure = (): void => {
      const height = element.clientHeight / count;
      if (height === 0) return;
      const top = page.getBoundingClientRect().top - element.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor((top / height - AROUND) / STEP) * STEP);
      const end = Math.max(0, Math.ceil(((top + page.clientHeight) / height + AROUND) / STEP) * STEP);
      setRange((now) => (now.first === first && now.end === end ? now : { first, end }));
    };
    measure();
    page.addEventListener("scroll", measure, { passive: true });
    const observer = new ResizeObserver(measure);
    observer.observe(page);
    return () => {
      page.removeEventListener("scroll", measure);
      observer.disconnect();
    };
  }, [count]);
  const end = Math.min(range.end, count);
  return { body, first: Math.min(range.first, end), end };
}
