import type { QrCode } from "../../../shared/contract/qrCode.ts";

/** Draws bytes as a QR code (ISO/IEC 18004, byte mode, error correction L and better where it costs nothing). */
export async function qrModules(bytes: Uint8Array | Uint8ClampedArray): Promise<QrCode> {
  const { encode } = await import("uqr");
  // The quiet zone around it is the screen's to draw.
  const { size, data } = encode(Array.from(bytes), { ecc: "L", boostEcc: true, border: 0 });
  return { size, modules: Uint8Array.from(data.flat(), Number) };
}
