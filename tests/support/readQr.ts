import jsQrModule from "jsqr";
import type { Page } from "playwright";

// The package is CommonJS with a `default` of its own.
const jsQr = (jsQrModule as unknown as { default?: typeof jsQrModule }).default ?? jsQrModule;

const PIXELS_PER_MODULE = 4;
const QUIET_MODULES = 4;

/**
 * Reads a QR code off its modules as a camera would: drawn as a picture, black on white.
 * @throws when there is nothing to be read
 */
export function readQr({ size, modules }: { size: number; modules: Uint8Array }): Uint8ClampedArray {
  const width = (size + 2 * QUIET_MODULES) * PIXELS_PER_MODULE;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const column = Math.floor(x / PIXELS_PER_MODULE) - QUIET_MODULES;
      const row = Math.floor(y / PIXELS_PER_MODULE) - QUIET_MODULES;
      const inside = column >= 0 && row >= 0 && column < size && row < size;
      if (inside && modules[row * size + column] === 1) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  const read = jsQr(pixels, width, width);
  if (!read) throw new Error("there is no QR code to be read");
  return Uint8ClampedArray.from(read.binaryData);
}

/**
 * Reads a QR code off a picture, as PNG, of what a window shows.
 * @param page any page: the browser decodes the picture
 * @throws when there is nothing to be read
 */
export async function readQrPicture(page: Page, png: Buffer): Promise<Uint8ClampedArray> {
  const picture = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    return { width, height, pixels: Array.from(context.getImageData(0, 0, width, height).data) };
  }, png.toString("base64"));
  const read = jsQr(Uint8ClampedArray.from(picture.pixels), picture.width, picture.height);
  if (!read) throw new Error("there is no QR code to be read");
  return Uint8ClampedArray.from(read.binaryData);
}
