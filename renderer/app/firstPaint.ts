/** How long a paint is waited for, in milliseconds: a window that is hidden or minimized has none. */
const MAX_PAINT_MS = 1_000;

/**
 * Resolves when the page has painted its first text or picture, or when that takes too long.
 *
 * @see https://www.w3.org/TR/paint-timing/
 */
export function firstPaint(): Promise<void> {
  return new Promise((resolve) => {
    const observer = new PerformanceObserver((entries) => {
      if (entries.getEntriesByName("first-contentful-paint").length > 0) done();
    });
    const timer = setTimeout(done, MAX_PAINT_MS);
    function done(): void {
      clearTimeout(timer);
      observer.disconnect();
      resolve();
    }
    observer.observe({ type: "paint", buffered: true });
  });
}
