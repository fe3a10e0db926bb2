import { useCallback, useEffect, useRef, useState } from "react";
import type { AppError } from "../../shared/errors.ts";
import { errorOf } from "../bridge.ts";

/** Something a person started: whether it still goes on, and how it failed. */
export interface Action<A extends unknown[], R> {
  /**
   * Resolves to what was answered, or to undefined when it failed; `error` then says how. A second start is
   * ignored. Stays the same function for as long as the view is shown, and always does what the last drawing gave.
   */
  readonly run: (...args: A) => Promise<R | undefined>;
  readonly busy: boolean;
  readonly error: AppError | null;
  /** Forgets the error. */
  readonly reset: () => void;
}

/** Runs `perform` one at a time, and keeps track of it for the view. */
export function useAction<A extends unknown[], R>(perform: (...args: A) => Promise<R>): Action<A, R> {
  const [state, setState] = useState<{ busy: boolean; error: AppError | null }>({ busy: false, error: null });
  const running = useRef(false);
  const latest = useRef(perform);
  useEffect(() => {
    latest.current = perform;
  });
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const run = useCallback(async (...args: A): Promise<R | undefined> => {
    if (running.current) return undefined;
    running.current = true;
    setState({ busy: true, error: null });
    try {
      const answer = await latest.current(...args);
      if (mounted.current) setState({ busy: false, error: null });
      return answer;
    } catch (thrown) {
      if (mounted.current) setState({ busy: false, error: errorOf(thrown) });
      return undefined;
    } finally {
      running.current = false;
    }
  }, []);
  const reset = useCallback(() => setState({ busy: false, error: null }), []);
  return { run, ...state, reset };
}
