import { crc32, deflateSync } from "node:zlib";
import { randomNumbers } from "./seed.ts";

/** Makes a PNG file (8 bits, RGB): a smooth play of colours, or with `noise` one that no compression makes smaller. */
export function makePng(width: number, height: number, { noise = false } = {}): Buffer {
  const random = randomNumbers();
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (width * 3 + 1) + 1 + x * 3;
      const colour = noise
        ? [random() * 256, random() * 256, random() * 256]
        : [40 + (x * 180) / width, 90 + (y * 120) / height, 200 - (x * 90) / width];
      rows.set(colour.map(Math.floor), at);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
