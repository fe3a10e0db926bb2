import { useEffect, useRef } from "react";

/** After so many milliseconds without a key a search is asked for. */
export const SETTLED_MS = 300;

/** Calls back with a value once it has stayed as it is for so many milliseconds. Not for the first. */
export function useSettled<T>(value: T, milliseconds: number, onSettled: (value: T) => void): void {
  const latest = useRef(onSettled);
  useEffect(() => {
    latest.current = onSettled;
  });
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const timer = setTimeout(() => latest.current(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
}
