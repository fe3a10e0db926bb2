import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PassphraseKeychain } from "../../../main/secrets/passphraseKeychain.ts";
import { phraseStrength } from "../../../main/secrets/phraseStrength.ts";
import type { DamagedFile } from "../../../main/storage/jsonFile.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const CHEAP = { N: 2 ** 10, r: 8, p: 1 };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
let damaged: DamagedFile[];

beforeEach(async () => {
  folder = await temporaryFolder("passphrase");
  path = join(folder.path, "passphrase.json");
  damaged = [];
});
afterEach(() => folder.remove());

const open = (cost: typeof CHEAP | null = CHEAP): PassphraseKeychain =>
  new PassphraseKeychain({ path, onDamaged: (one) => damaged.push(one), ...(cost === null ? {} : { cost }) });

describe("PassphraseKeychain", () => {
  it("opens with its passphrase alone, on whatever keyboard it is typed", async () => {
    const first = open();
    expect(await first.get("a")).toEqual({ kind: "failed", problem: "locked" });
    expect(await first.set("a", "1")).toEqual({ kind: "failed", problem: "locked" });
    expect(await first.remove("a")).toEqual({ kind: "failed", problem: "locked" });
    await first.choose("caf\u00e9 au lait");
    await first.set("a", "value of a");
    expect(await first.get("b")).toEqual({ kind: "absent" });

    const second = open();
    expect(await second.exists()).toBe(true);
    for (const wrong of ["cafe au lait", "caf\u00e9 au lait ", ""]) {
      await expect(second.unlock(wrong)).rejects.toMatchObject({ error: { kind: "wrong_passphrase" } });
      expect(second.locked).toBe(true);
    }
    await second.unlock("cafe\u0301 au lait");
    expect(await second.get("a")).toEqual({ kind: "found", value: "value of a" });
    await second.remove("a");
    expect(await second.get("a")).toEqual({ kind: "absent" });
    expect(await readFile(path, "utf8")).not.toContain("value of a");
  });

  it("is put under another passphrase, after which the one before opens neither file nor copy", async () => {
    const first = open();
    await first.choose("the first one");
    await first.set("a", "1");
    await first.choose("the second one");
    const again = open();
    await expect(again.unlock("the first one")).rejects.toMatchObject({ error: { kind: "wrong_passphrase" } });
    await writeFile(path, "damaged");
    const fromCopy = open();
    await expect(fromCopy.unlock("the first one")).rejects.toMatchObject({ error: { kind: "wrong_passphrase" } });
    await fromCopy.unlock("the second one");
    expect(await fromCopy.get("a")).toEqual({ kind: "found", value: "1" });
  });

  it("is not chosen over while it is locked", async () => {
    const first = open();
    await first.choose("the first one");
    const before = await readFile(path);
    await expect(open().choose("another")).rejects.toMatchObject({ error: { kind: "secrets_locked" } });
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  it("tells a file that went bad from a wrong passphrase, and uses the copy", async () => {
    const first = open();
    await first.choose("the first one");
    await first.set("a", "1");
    await first.set("b", "2");
    const text = await readFile(path, "utf8");
    const master = /"master": "(.)/.exec(text)!;
    const at = master.index + master[0].length - 1;
    await writeFile(path, text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1));
    const second = open();
    await second.unlock("the first one");
    expect(damaged).toMatchObject([{ file: "passphrase.json", restored: true }]);
    expect(await second.get("a")).toEqual({ kind: "found", value: "1" });
  });

  it("says that a lost file cannot be read", async () => {
    await expect(open().unlock("x")).rejects.toMatchObject({ error: { kind: "secret_unreadable" } });
  });

  it("costs a guesser something: at least 128 MiB and a noticeable time each", async () => {
    await open(null).choose("the first one");
    const { data } = JSON.parse(await readFile(path, "utf8")) as { data: { content: { N: number; r: number } } };
    expect(128 * data.content.N * data.content.r).toBeGreaterThanOrEqual(128 * 1024 * 1024);
    const started = performance.now();
    await open(null).unlock("the first one");
    expect(performance.now() - started).toBeGreaterThan(100);
  });
});

describe("phraseStrength", () => {
  it("tells weak from strong and says why", async () => {
    expect(await phraseStrength("password", [], 3)).toMatchObject({ score: 0, good: false });
    expect((await phraseStrength("password", [], 3)).warning).toBeTruthy();
    expect((await phraseStrength("password", [], 3)).suggestions.length).toBeGreaterThan(0);
    expect(await phraseStrength("zebra mango flywheel outpost", [], 4)).toMatchObject({ score: 4, good: true });
    expect(await phraseStrength("", [], 3)).toMatchObject({ score: 0, good: false });
  });

  it("counts what is known of the person as guessable", async () => {
    const phrase = "quillonbarthew";
    const stranger = await phraseStrength(phrase, [], 3);
    const known = await phraseStrength(phrase, ["@quillonbarthew:hs.example"], 3);
    expect(known.score).toBeLessThan(stranger.score);
    expect(known.good).toBe(false);
  });

  it("uses the threshold it is given", async () => {
    const { score } = await phraseStrength("zebra mango", [], 0);
    expect((await phraseStrength("zebra mango", [], score)).good).toBe(true);
    expect((await phraseStrength("zebra mango", [], score + 1)).good).toBe(false);
  });
});
