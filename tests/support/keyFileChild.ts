/**
 * Run as a process of its own, to be killed or to run out of room: writes a key file with so many room keys, and says
 * how that ended.
 *
 *     node keyFileChild.ts <path> <number of keys>
 */
import { KeyFileWriter } from "../../main/roomKeys/keyFileWriter.ts";
import { AppFailure } from "../../shared/errors.ts";
import { makeRoomKey } from "./roomKeyMaker.ts";
import { secretOf } from "./secretValues.ts";

const [path, count] = process.argv.slice(2) as [string, string];
try {
  const writer = await KeyFileWriter.open(path, secretOf("passphrase", "a passphrase"), 10);
  for (let number = 0; number < Number(count); number += 1) {
    await writer.write(`${number === 0 ? "[" : ","}${JSON.stringify(makeRoomKey(number))}`);
    if (number === 100) process.stdout.write("growing\n");
  }
  await writer.write("]");
  await writer.finish();
  process.stdout.write("ended whole\n");
} catch (thrown) {
  if (!(thrown instanceof AppFailure)) throw thrown;
  process.stdout.write(`ended ${JSON.stringify(thrown.error)}\n`);
}
