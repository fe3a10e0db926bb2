import { useEffect, useRef } from "react";

/**
 * Does something once each time a value has become so: for each that is neither null, undefined nor false. What is done is what
 * the last drawing gave, and may draw the view anew.
 */
export function useOnceWhen<T>(value: T | null | undefined | false, act: (value: T) => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    if (value !== null && value !== undefined && value !== false) latest.current(value);
  }, [value]);
}
