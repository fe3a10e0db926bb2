import { useEffect, useRef, useState } from "react";

/** Rows on a page. */
export const PAGE = 100;

interface PageState<T> {
  readonly rows: readonly T[];
  readonly total: number;
}

/**
 * One page of a list that main holds. It is asked for again whenever `key` changes; what comes late is not taken.
 *
 * @param ask rejects where the list is gone: the page stays as it is then
 */
export function usePage<T>(ask: (from: number, limit: number) => Promise<PageState<T>>, from: number, key: string): PageState<T> {
  const [page, setPage] = useState<PageState<T>>({ rows: [], total: 0 });
  const latest = useRef(ask);
  const turn = useRef(0);
  useEffect(() => {
    latest.current = ask;
  });
  useEffect(() => {
    const mine = (turn.current += 1);
    latest.current(from, PAGE).then(
      (answer) => {
        if (turn.current === mine) setPage(answer);
      },
      () => undefined,
    );
  }, [from, key]);
  return page;
}
