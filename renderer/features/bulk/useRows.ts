import { useEffect, useRef, useState } from "react";

/** Rows that are asked for at once. */
const PAGE = 100;

interface Page<T> {
  readonly rows: readonly T[];
  /** The state of the list that it is of. */
  readonly version: string;
}

interface Rows<T> {
  readonly total: number;
  /** Null for a row that is not here yet. */
  readonly rowAt: (index: number) => T | null;
  /** Which rows are drawn: those that are not here are asked for. */
  readonly show: (first: number, end: number) => void;
}

/**
 * The rows of a long list that main holds, as far as they are shown. What was shown of an earlier state of the list stays until
 * the newer is here.
 *
 * @param ask rejects where the list is gone: what is shown stays as it is then
 * @param version changes whenever the list does
 */
export function useRows<T>(
  ask: (from: number, limit: number) => Promise<{ readonly rows: readonly T[]; readonly total: number }>,
  version: string,
): Rows<T> {
  const [state, setState] = useState<{ readonly total: number; readonly pages: ReadonlyMap<number, Page<T>> }>({
    total: 0,
    pages: new Map(),
  });
  const [shown, setShown] = useState({ first: 0, last: 0 });
  const latest = useRef({ ask, version });
  const asked = useRef(new Set<string>());
  useEffect(() => {
    latest.current = { ask, version };
    for (let page = shown.first; page <= shown.last; page += 1) {
      const name = `${page} ${version}`;
      if (asked.current.has(name)) continue;
      asked.current.add(name);
      latest.current.ask(page * PAGE, PAGE).then(
        ({ rows, total }) => {
          if (latest.current.version !== version) return;
          setState((now) => ({ total, pages: new Map(now.pages).set(page, { rows, version }) }));
        },
        () => asked.current.delete(name),
      );
    }
  });
  return {
    total: state.total,
    rowAt: (index) => state.pages.get(Math.floor(index / PAGE))?.rows[index % PAGE] ?? null,
    show: (first, end) => {
      const pages = { first: Math.floor(first / PAGE), last: Math.max(0, Math.ceil(end / PAGE) - 1) };
      if (pages.first !== shown.first || pages.last !== shown.last) setShown(pages);
    },
  };
}
