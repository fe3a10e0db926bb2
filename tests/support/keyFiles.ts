import { KeyFileReader } from "../../main/roomKeys/keyFileReader.ts";
import { KeyFileWriter } from "../../main/roomKeys/keyFileWriter.ts";
import type { RoomKey } from "../../main/roomKeys/roomKey.ts";
import { secretOf } from "./secretValues.ts";

/** Writes a key file with anything in it. Few rounds: tests wait for them. */
export async function writeKeyFile(path: string, passphrase: string, entries: readonly unknown[]): Promise<void> {
  const writer = await KeyFileWriter.open(path, secretOf("passphrase", passphrase), 1000);
  await writer.write(JSON.stringify(entries));
  await writer.finish();
}

/** What is in a key file, to the last field: the crypto WASM, which can read one too, leaves out what it does not know. */
export async function readKeyFile(path: string, passphrase: string): Promise<RoomKey[]> {
  const { signal } = new AbortController();
  const reader = await KeyFileReader.open(path);
  try {
    await reader.check(secretOf("passphrase", passphrase), signal, () => undefined);
    const pieces: Buffer[] = [];
    for await (const piece of reader.clearText(signal, () => undefined)) pieces.push(Buffer.from(piece));
    return JSON.parse(Buffer.concat(pieces).toString()) as RoomKey[];
  } finally {
    await reader.close();
  }
}
