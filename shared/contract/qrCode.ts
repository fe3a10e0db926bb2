import * as z from "zod";

/** A QR code to be drawn: `size` times `size` modules, row by row, 1 is dark (ISO/IEC 18004). The light border is not in it. */
export const QrCode = z
  .object({ size: z.number().int().min(21).max(177), modules: z.instanceof(Uint8Array) })
  .refine(({ size, modules }) => modules.byteLength === size * size);
export type QrCode = z.infer<typeof QrCode>;
