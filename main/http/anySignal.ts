/**
 * A signal that is aborted as soon as one of two is; `release` when it is no longer needed. Node 18 lacks
 * `AbortSignal.any`.
 */
export function anySignal(one: AbortSignal, other: AbortSignal): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const both = [one, other];
  for (const signal of both) {
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
  }
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of both) signal.removeEventListener("abort", abort);
    },
  };
}
