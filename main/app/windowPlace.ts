import type { WindowBounds } from "../storage/settingsFile.ts";

/** Keeps the place between starts. `load` answers null when there is none or it cannot be used. */
export interface WindowPlaceStore {
  load(): WindowBounds | null | Promise<WindowBounds | null>;
  save(place: WindowBounds): void | Promise<void>;
}

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const SMALLEST = { width: 720, height: 520 } as const;
export const USUAL = { width: 1180, height: 780 } as const;

/** A window is within reach when at least this much of its top edge can be grabbed. */
const GRIP = { width: 120, height: 40 } as const;

function overlap(start: number, length: number, areaStart: number, areaLength: number): number {
  return Math.min(start + length, areaStart + areaLength) - Math.max(start, areaStart);
}

/**
 * What of a remembered place can be used with the displays there are now: its size if it is not too small, cut to the
 * display; its position only where enough of the title bar is still on a display.
 *
 * @param workAreas the displays' areas without task bars
 */
export function fitPlace(
  place: WindowBounds | null,
  workAreas: readonly Area[],
): { width: number; height: number; x?: number; y?: number } {
  if (!place) return { ...USUAL };
  const display = workAreas.find(
    (area) =>
      overlap(place.x, place.width, area.x, area.width) >= GRIP.width && overlap(place.y, GRIP.height, area.y, area.height) >= GRIP.height,
  );
  const largest = display ?? workAreas[0] ?? USUAL;
  const width = Math.max(SMALLEST.width, Math.min(place.width, largest.width));
  const height = Math.max(SMALLEST.height, Math.min(place.height, largest.height));
  return display ? { width, height, x: place.x, y: place.y } : { width, height };
}
