import { RequestFailure } from "../../bridge.ts";
import { sideOf, type Crop } from "./cropMath.ts";

/** A square picture, ready to be uploaded. */
export interface CroppedPicture {
  readonly image: Uint8Array<ArrayBuffer>;
  readonly mimeType: "image/png" | "image/jpeg";
}

/** Clients show pictures far smaller than this, and it stays sharp on a dense screen. */
const LARGEST_SIDE = 640;

/** Draws the cropped square into `context`, filling a square of `side` pixels. */
export function drawCrop(context: CanvasRenderingContext2D, image: ImageBitmap, crop: Crop, side: number): void {
  const source = sideOf(image, crop.zoom);
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, side, side);
  context.drawImage(image, crop.x - source / 2, crop.y - source / 2, source, source, 0, 0, side, side);
}

/**
 * Cuts the square out. PNG keeps transparency; a picture that is then too large for the server is tried as JPEG, and
 * smaller each time.
 * @throws RequestFailure `too_large` when nothing fits.
 */
export async function cropImage(image: ImageBitmap, crop: Crop, transparent: boolean, limitBytes: number | null): Promise<CroppedPicture> {
  const largest = Math.max(1, Math.round(Math.min(LARGEST_SIDE, sideOf(image, crop.zoom))));
  const tries: { side: number; mimeType: CroppedPicture["mimeType"] }[] = [
    ...(transparent ? [{ side: largest, mimeType: "image/png" as const }] : []),
    ...[1, 0.7, 0.4, 0.2].map((part) => ({
      side: Math.max(1, Math.round(largest * part)),
      mimeType: "image/jpeg" as const,
    })),
  ];
  for (const { side, mimeType } of tries) {
    const blob = await encode(image, crop, side, mimeType);
    if (limitBytes === null || blob.size <= limitBytes) {
      return { image: new Uint8Array(await blob.arrayBuffer()), mimeType };
    }
  }
  throw new RequestFailure({ kind: "too_large", limitBytes });
}

function encode(image: ImageBitmap, crop: Crop, side: number, mimeType: CroppedPicture["mimeType"]): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  drawCrop(context, image, crop, side);
  if (mimeType === "image/jpeg") {
    // JPEG knows no transparency: what shows through becomes white, not black.
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, side, side);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), mimeType, 0.9);
  });
}
