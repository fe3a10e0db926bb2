import { writeDurably } from "../../main/storage/durableFile.ts";

/**
 * Run as a process of its own by the disk tests. `full`: writes a file that does not fit and says what came of it.
 * `loop`: replaces a file for ever with contents of one repeated letter, and says each that is done.
 */
const [what, path] = process.argv.slice(2);
if (what === undefined || path === undefined) throw new Error("diskChild.ts WHAT PATH");

if (what === "full") {
  const outcome = await writeDurably(path, Buffer.alloc(100_000, "b")).then(
    () => "written",
    (thrown: unknown) => JSON.stringify((thrown as { error?: unknown }).error),
  );
  process.stdout.write(outcome);
} else {
  for (let round = 0; ; round += 1) {
    const letter = String.fromCharCode(97 + (round % 26));
    await writeDurably(path, Buffer.alloc(20_000 + (round % 7) * 1_000, letter));
    process.stdout.write(`${letter}\n`);
  }
}
