/** A picture's size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A square part of a picture: its centre in the picture's pixels, and how much it is enlarged (1 = as much as
 * fits).
 */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export const MAX_ZOOM = 5;

/** The largest square, from the middle. */
export function wholeCrop({ width, height }: Size): Crop {
  return { x: width / 2, y: height / 2, zoom: 1 };
}

/** The side of the cropped square in the picture's pixels. */
export function sideOf(size: Size, zoom: number): number {
  return Math.min(size.width, size.height) / zoom;
}

/** The nearest crop that lies wholly inside the picture. */
export function clampCrop(size: Size, crop: Crop): Crop {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, crop.zoom));
  const half = sideOf(size, zoom) / 2;
  const between = (value: number, end: number): number => Math.min(end - half, Math.max(half, value));
  return { x: between(crop.x, size.width), y: between(crop.y, size.height), zoom };
}

/** The crop after its square was moved by a part of its own side: 0.1 is a tenth to the right or down. */
export function moveCrop(size: Size, crop: Crop, right: number, down: number): Crop {
  const side = sideOf(size, crop.zoom);
  return clampCrop(size, { ...crop, x: crop.x + right * side, y: crop.y + down * side });
}
