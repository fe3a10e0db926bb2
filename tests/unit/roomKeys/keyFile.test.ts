import { createCipheriv, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { appendFile, mkdtemp, open, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initAsync, OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fileEntries } from "../../../main/roomKeys/keyFileEntries.ts";
import { FIRST_LINE, keyFileKeys, LAST_LINE } from "../../../main/roomKeys/keyFileFormat.ts";
import { KeyFileReader } from "../../../main/roomKeys/keyFileReader.ts";
import { KeyFileWriter } from "../../../main/roomKeys/keyFileWriter.ts";
import { runScript } from "../../support/childProcess.ts";
import { makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { secretOf } from "../../support/secretValues.ts";
import { errorOf } from "../../support/errorOf.ts";

const PASSPHRASE = "quarrel lantern ospreÿ 1837";
const ROUNDS = 1000;
const never = new AbortController().signal;
const nothing = (): void => undefined;

const CHILD = join(import.meta.dirname, "../../support/keyFileChild.ts");

/** The keys of a list without the field that the WASM adds to each of its own accord. */
const withoutExtras = (json: string): unknown[] =>
  (JSON.parse(json) as Record<string, unknown>[]).map(({ "m.shared_history": _, ...key }) => key);

let folder: string;
let path: string;
beforeAll(() => initAsync());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-key-file-"));
  path = join(folder, "keys.txt");
});
afterEach(() => rm(folder, { recursive: true }));

async function write(text: string, pieces = 3): Promise<void> {
  const writer = await KeyFileWriter.open(path, secretOf("passphrase", PASSPHRASE), ROUNDS);
  const each = Math.ceil(text.length / pieces);
  for (let from = 0; from < text.length; from += each) await writer.write(text.slice(from, from + each));
  await writer.finish();
}

async function read(passphrase = PASSPHRASE): Promise<string> {
  const reader = await KeyFileReader.open(path);
  try {
    await reader.check(secretOf("passphrase", passphrase), never, nothing);
    const pieces: Buffer[] = [];
    for await (const piece of reader.clearText(never, nothing)) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces).toString();
  } finally {
    await reader.close();
  }
}

async function entries(): Promise<unknown[]> {
  const reader = await KeyFileReader.open(path);
  try {
    await reader.check(secretOf("passphrase", PASSPHRASE), never, nothing);
    const all: unknown[] = [];
    for await (const batch of fileEntries(reader, 10, never, nothing)) all.push(...batch.map(({ value }) => value));
    return all;
  } finally {
    await reader.close();
  }
}

describe("a key file that we write", () => {
  it("is read by the crypto WASM: the same keys, byte for byte", async () => {
    const keys = makeRoomKeys(200);
    await write(JSON.stringify(keys));
    const file = await readFile(path, "utf8");
    expect(withoutExtras(OlmMachine.decryptExportedRoomKeys(file, PASSPHRASE))).toEqual(keys);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["keys.txt"]);
    const lines = file.split("\n");
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual([FIRST_LINE, LAST_LINE, ""]);
    expect(lines.slice(1, -3).every((line) => /^[A-Za-z0-9+/]{76}$/.test(line))).toBe(true);
    expect(lines.at(-3)).toMatch(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
  });

  it("is written with 500,000 rounds and a salt and an IV of its own each time, and bit 63 of the IV is 0", async () => {
    for (let time = 0; time < 2; time += 1) {
      const writer = await KeyFileWriter.open(join(folder, `${time}`), secretOf("passphrase", PASSPHRASE));
      await writer.write("[]");
      await writer.finish();
    }
    const [one, other] = [0, 1].map((time) =>
      Buffer.from(
        readFileSync(join(folder, `${time}`), "utf8")
          .split("\n")
          .slice(1, -2)
          .join(""),
        "base64",
      ),
    );
    expect(one!.readUInt32BE(33)).toBe(500_000);
    expect(one!.subarray(1, 33)).not.toEqual(other!.subarray(1, 33));
    expect([one![25]! & 0x80, other![25]! & 0x80]).toEqual([0, 0]);
  });

  it("replaces the file that was there only when it is whole, and never writes through a link", async () => {
    await writeFile(path, "precious");
    await writeFile(join(folder, "elsewhere"), "theirs");
    await symlink(join(folder, "elsewhere"), `${path}.part`);
    const writer = await KeyFileWriter.open(path, secretOf("passphrase", PASSPHRASE), ROUNDS);
    await writer.write("[]");
    expect(await readFile(path, "utf8")).toBe("precious");
    await writer.discard();
    expect(await readFile(path, "utf8")).toBe("precious");
    expect(await readFile(join(folder, "elsewhere"), "utf8")).toBe("theirs");
    expect((await readdir(folder)).sort()).toEqual(["elsewhere", "keys.txt"]);
  });

  it("leaves nothing behind when there is no room for it, or no folder", async () => {
    await writeFile(path, "precious");
    const child = runScript(CHILD, [path, "5000"], { limitFileBlocks: 200 });
    expect(await child.line("ended")).toBe('ended {"kind":"file_failed","reason":"no_space"}');
    expect(await child.ended()).toBe(0);
    expect(await readdir(folder)).toEqual(["keys.txt"]);
    expect(await readFile(path, "utf8")).toBe("precious");
    expect(await errorOf(KeyFileWriter.open(join(folder, "none", "x"), secretOf("passphrase", PASSPHRASE), ROUNDS))).toEqual({
      kind: "file_failed",
      reason: "vanished",
    });
  });

  it("leaves a beginning under another name when the app is killed, and the next one is whole", async () => {
    await writeFile(path, "precious");
    const child = runScript(CHILD, [path, "1000000"]);
    await child.line("growing");
    await child.kill();
    expect((await readdir(folder)).sort()).toEqual(["keys.txt", "keys.txt.part"]);
    expect(await readFile(path, "utf8")).toBe("precious");
    await write("[1]");
    expect(await read()).toBe("[1]");
    expect(await readdir(folder)).toEqual(["keys.txt"]);
  });
});

/** The bytes of a key file made by hand, so that each part can be wrong. */
async function byHand({
  text = "[]",
  rounds = ROUNDS,
  stated,
  version = 1,
}: {
  text?: string;
  rounds?: number;
  stated?: number;
  version?: number;
}): Promise<Buffer> {
  const salt = Buffer.alloc(16, 5);
  const iv = Buffer.alloc(16, 6);
  const head = Buffer.concat([Buffer.of(version), salt, iv, Buffer.alloc(4)]);
  head.writeUInt32BE(stated ?? rounds, 33);
  const keys = await keyFileKeys(secretOf("passphrase", PASSPHRASE), salt, rounds);
  const body = Buffer.concat([head, createCipheriv("aes-256-ctr", keys.aes, iv).update(text)]);
  return Buffer.concat([body, createHmac("sha256", keys.mac).update(body).digest()]);
}

const dressed = (bytes: Buffer): string => `${FIRST_LINE}\n${bytes.toString("base64")}\n${LAST_LINE}\n`;

describe("a key file that we read", () => {
  it("may be the crypto WASM's: the same keys, byte for byte", async () => {
    const keys = makeRoomKeys(2_000);
    await writeFile(path, OlmMachine.encryptExportedRoomKeys(JSON.stringify(keys), PASSPHRASE, ROUNDS));
    expect(withoutExtras(await read())).toEqual(keys);
    expect(await entries()).toHaveLength(2_000);
  });

  it.each<[string, (file: string) => string | Buffer]>([
    ["lines that end with CRLF", (file) => file.replaceAll("\n", "\r\n")],
    ["lines that end with CR", (file) => file.replaceAll("\n", "\r")],
    ["one long line", (file) => file.replace(/([^-])\n(?=[^-])/g, "$1")],
    ["no padding", (file) => file.replaceAll("=", "")],
    [
      "lines of 10",
      (file) =>
        [
          FIRST_LINE,
          ...file
            .split("\n")
            .slice(1, -2)
            .join("")
            .match(/.{1,10}/g)!,
          LAST_LINE,
        ].join("\n"),
    ],
    ["blanks in front", (file) => `\n \t\r\n${file}`],
    ["a byte order mark", (file) => `\ufeff${file}`],
    ["a byte order mark and blanks", (file) => `\ufeff\r\n\r\n${file}`],
    ["a line of words in front", (file) => `These are my room keys:\n${file}`],
    ["a mail around it", (file) => `Hi,\r\n\r\n-- the keys --\r\n${file.replaceAll("\n", "\r\n")}\r\n--\r\nA`],
    ["words in front, with line ends of an old Mac", (file) => `Keys\r${file}`],
    ["words that name its first line", (file) => `It begins with ${FIRST_LINE} here:\n-----BEGIN\n${file}`],
    ["a mail that quotes it", (file) => `A wrote:\n> Hi\n${file.replace(/^(?=.)/gm, "> ")}\nThanks`],
    ["60 kB of words in front", (file) => `${"word\n".repeat(12_000)}${file}`],
    ["no final newline", (file) => file.trimEnd()],
    ["something after the end", (file) => `${file}\n\nsigned, a mail program`],
    ["empty lines within", (file) => file.replace(/\n/g, "\n\n")],
  ])("may have %s", async (_what, change) => {
    const text = JSON.stringify(makeRoomKeys(20));
    await write(text);
    const file = await readFile(path, "utf8");
    const changed = change(file);
    expect(changed === file).toBe(false);
    await writeFile(path, changed);
    expect((await read()) === text).toBe(true);
  });

  it("is refused with a wrong passphrase, and when one bit of it is wrong", async () => {
    await write("[]");
    expect(await errorOf(read("another"))).toEqual({ kind: "key_file_wrong_passphrase" });
    const bytes = await byHand({ text: JSON.stringify(makeRoomKeys(3)) });
    for (let at = 37; at < bytes.length; at += 101) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      await writeFile(path, dressed(changed));
      expect(await errorOf(read()), `byte ${at}`).toEqual({ kind: "key_file_wrong_passphrase" });
    }
  });

  it("is refused wherever it was cut off", async () => {
    await write(JSON.stringify(makeRoomKeys(3)));
    const whole = await readFile(path, "utf8");
    const last = whole.trimEnd().length;
    for (let length = 1; length < last; length += 37) {
      await writeFile(path, whole.slice(0, length));
      const error = (await errorOf(read())) as { kind: string };
      expect(["key_file_cut", ...(length < 10 ? ["not_a_key_file"] : [])], `after ${length}`).toContain(error.kind);
    }
    await writeFile(path, `${FIRST_LINE}\n${LAST_LINE}\n`);
    expect(await errorOf(read())).toEqual({ kind: "not_a_key_file" });
    await writeFile(path, dressed((await byHand({})).subarray(0, 50)));
    expect(await errorOf(read())).toEqual({ kind: "key_file_cut" });
  });

  it.each([
    "",
    "hello",
    '[{"room_id":"!a:b"}]',
    "-----BEGIN PGP MESSAGE-----\n\nabc\n",
    "\0".repeat(5000),
    " ".repeat(200_000),
    `x${FIRST_LINE}`,
  ])("is not %j", async (text) => {
    await writeFile(path, text);
    expect(await errorOf(read())).toEqual({ kind: "not_a_key_file" });
  });

  it("is not looked for behind more words than a letter has", async () => {
    await write("[]");
    await writeFile(path, `${"word\n".repeat(20_000)}${await readFile(path, "utf8")}`);
    expect(await errorOf(read())).toEqual({ kind: "not_a_key_file" });
  });

  it("is not one of another version, nor a folder", async () => {
    await writeFile(path, dressed(await byHand({ version: 2 })));
    expect(await errorOf(read())).toEqual({ kind: "not_a_key_file" });
    expect(await errorOf(KeyFileReader.open(folder))).toEqual({ kind: "not_a_key_file" });
    expect(await errorOf(KeyFileReader.open(join(folder, "none")))).toEqual({ kind: "file_failed", reason: "vanished" });
  });

  it("is refused when it is far too large, and in little memory when it only begins like one", async () => {
    const begin = `${FIRST_LINE}\n${(await byHand({ text: "x".repeat(200) })).toString("base64")}`;
    await writeFile(path, begin);
    await truncate(path, 4 * 1024 ** 3);
    expect(await errorOf(KeyFileReader.open(path))).toEqual({ kind: "too_large", limitBytes: 2 * 1024 ** 3 });
    await truncate(path, 400 * 1024 ** 2);
    const before = process.memoryUsage.rss();
    let peak = before;
    const reader = await KeyFileReader.open(path);
    const checking = reader.check(secretOf("passphrase", PASSPHRASE), never, () => (peak = Math.max(peak, process.memoryUsage.rss())));
    expect(await errorOf(checking)).toEqual({ kind: "key_file_cut" });
    // Half of the file would be far too much; how much the collector lets lie about differs.
    expect((peak - before) / 1e6).toBeLessThan(200);
    await reader.close();
    // Holes take no room on the disk.
    expect((await stat(path)).blocks).toBeLessThan(100);
    expect(await readdir(folder)).toEqual(["keys.txt"]);
  });

  it.each([0, 10_000_001, 0xffff_ffff])("is refused at once with %i rounds", async (rounds) => {
    await writeFile(path, dressed(await byHand({ stated: rounds })));
    expect(await errorOf(read())).toEqual({ kind: "key_file_rounds", rounds, most: 10_000_000 });
  });

  it("may have been stirred once alone", async () => {
    await writeFile(path, dressed(await byHand({ rounds: 1, text: "[1]" })));
    expect(await read()).toBe("[1]");
  });

  it.each(["", "{}", "null", "[1", "[1]x", "hello", "[1,]"])("is damaged when %j is in it", async (text) => {
    await writeFile(path, dressed(await byHand({ text })));
    expect(await errorOf(entries())).toEqual({ kind: "key_file_damaged" });
  });

  it("gives every entry but the broken ones", async () => {
    const text = `[1,{"a":[}],"${"x".repeat(70_000)}", {"b":2} ,tru,"z"]`;
    await writeFile(path, dressed(await byHand({ text })));
    expect(await entries()).toEqual([1, undefined, undefined, { b: 2 }, undefined, "z"]);
  });

  it("gives nothing that was changed after it was checked", async () => {
    const text = JSON.stringify(makeRoomKeys(5_000));
    await write(text);
    const reader = await KeyFileReader.open(path);
    await reader.check(secretOf("passphrase", PASSPHRASE), never, nothing);
    const file = await open(path, "r+");
    await file.write("A".repeat(40), 1_500_000);
    await file.close();
    const got: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of reader.clearText(never, nothing)) got.push(Buffer.from(piece));
    })();
    expect(await errorOf(reading)).toEqual({ kind: "key_file_cut" });
    expect(text.startsWith(Buffer.concat(got).toString())).toBe(true);
    await truncate(path, 1_000_000);
    const again = (async () => {
      for await (const piece of reader.clearText(never, nothing)) got.push(piece);
    })();
    expect(await errorOf(again)).toEqual({ kind: "key_file_cut" });
    await appendFile(path, "more");
    await reader.close();
  });

  it("stops when it is told to", async () => {
    await write(JSON.stringify(makeRoomKeys(5_000)));
    const reader = await KeyFileReader.open(path);
    const controller = new AbortController();
    expect(await errorOf(reader.check(secretOf("passphrase", PASSPHRASE), controller.signal, () => controller.abort()))).toEqual({
      kind: "cancelled",
    });
    await reader.close();
  });
});
