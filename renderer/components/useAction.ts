import { useCallback, useEffect, useRef, useState } from "react";
import type { Asked } from "../../shared/contract/index.ts";
import type { AppError, AppErrorKind } from "../../shared/errors.ts";
import { errorOf } from "../bridge.ts";

/** Something a person started: whether it still goes on, and how it failed. */
export interface Action<A extends unknown[], R, K extends AppErrorKind = AppErrorKind> {
  /**
   * Resolves to what was answered, or to undefined when it failed; `error` then says how. A second start is
   * ignored. Stays the same function for as long as the view is shown, and always does what the last drawing gave.
   */
  readonly run: (...args: A) => Promise<R | undefined>;
  readonly busy: boolean;
  readonly error: Extract<AppError, { kind: K }> | null;
  /** Forgets the error. */
  readonly reset: () => void;
}

/**
 * Runs `perform` one at a time, and keeps track of it for the view. Where it hands on what a request of main's comes to,
 * the kinds of the error are those that the contract names.
 */
export function useAction<A extends unknown[], R, K extends AppErrorKind = AppErrorKind>(
  perform: (...args: A) => Asked<R, K>,
): Action<A, R, K> {
  type Failure = Extract<AppError, { kind: K }>;
  const [state, setState] = useState<{ busy: boolean; error: Failure | null }>({ busy: false, error: null });
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
      if (mounted.current) setState({ busy: false, error: errorOf(thrown) as Failure });
      return undefined;
    } finally {
      running.current = false;
    }
  }, []);
  const reset = useCallback(() => setState({ busy: false, error: null }), []);
  return { run, ...state, reset };
}
