import { scryptSync } from "node:crypto";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PassphraseKeychain } from "../../../main/secrets/passphraseKeychain.ts";
import { phraseStrength } from "../../../main/secrets/phraseStrength.ts";
import { unseal } from "../../../main/secrets/aesGcm.ts";
import type { DamagedFile } from "../../../main/storage/jsonFile.ts";
import { secretOf } from "../../support/secretValues.ts";
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

/** Every file of the folder with its content. */
async function snapshot(): Promise<Record<string, string>> {
  const names = (await readdir(folder.path)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder.path, name), "utf8")] as const)));
}

describe("PassphraseKeychain", () => {
  it("opens with its passphrase alone, on whatever keyboard it is typed", async () => {
    const first = open();
    expect(await first.get("a")).toEqual({ kind: "failed", problem: "locked" });
    expect(await first.set("a", "1")).toEqual({ kind: "failed", problem: "locked" });
    expect(await first.remove("a")).toEqual({ kind: "failed", problem: "locked" });
    await first.choose(secretOf("passphrase", "caf\u00e9 au lait"));
    await first.set("a", "value of a");
    expect(await first.get("b")).toEqual({ kind: "absent" });

    const second = open();
    expect(await second.exists()).toBe(true);
    for (const wrong of ["cafe au lait", "caf\u00e9 au lait ", ""]) {
      await expect(second.unlock(secretOf("passphrase", wrong))).rejects.toMatchObject({ error: { kind: "wrong_passphrase" } });
      expect(second.locked).toBe(true);
    }
    await second.unlock(secretOf("passphrase", "cafe\u0301 au lait"));
    expect(await second.get("a")).toEqual({ kind: "found", value: "value of a" });
    await second.remove("a");
    expect(await second.get("a")).toEqual({ kind: "absent" });
    expect(await readFile(path, "utf8")).not.toContain("value of a");
  });

  it("is put under another passphrase, after which the one before opens neither file nor copy", async () => {
    const first = open();
    await first.choose(secretOf("passphrase", "the first one"));
    await first.set("a", "1");
    await first.choose(secretOf("passphrase", "the second one"));
    const again = open();
    await expect(again.unlock(secretOf("passphrase", "the first one"))).rejects.toMatchObject({ error: { kind: "wrong_passphrase" } });
    await writeFile(path, "damaged");
    const fromCopy = open();
    await expect(fromCopy.unlock(secretOf("passphrase", "the first one"))).rejects.toMatchObject({ error: { kind: "wrong_passphrase" } });
    await fromCopy.unlock(secretOf("passphrase", "the second one"));
    expect(await fromCopy.get("a")).toEqual({ kind: "found", value: "1" });
  });

  it("is not chosen over while it is locked", async () => {
    const first = open();
    await first.choose(secretOf("passphrase", "the first one"));
    const before = await readFile(path);
    await expect(open().choose(secretOf("passphrase", "another"))).rejects.toMatchObject({ error: { kind: "secrets_locked" } });
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  it("tells a file that went bad from a wrong passphrase, and uses the copy", async () => {
    const first = open();
    await first.choose(secretOf("passphrase", "the first one"));
    await first.set("a", "1");
    await first.set("b", "2");
    const text = await readFile(path, "utf8");
    const master = /"master": "(.)/.exec(text)!;
    const at = master.index + master[0].length - 1;
    await writeFile(path, text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1));
    const second = open();
    await second.unlock(secretOf("passphrase", "the first one"));
    expect(damaged).toMatchObject([{ file: "passphrase.json", restored: true }]);
    expect(await second.get("a")).toEqual({ kind: "found", value: "1" });
  });

  it("says that a lost file cannot be read", async () => {
    await expect(open().unlock(secretOf("passphrase", "x"))).rejects.toMatchObject({ error: { kind: "secret_unreadable" } });
  });

  it("puts a file aside whose passphrase was forgotten, as it is, and begins with another", async () => {
    const first = open();
    await first.choose(secretOf("passphrase", "the first one"));
    await first.set("a", "1");
    await first.set("b", "2");
    const [file, copy] = [await readFile(path), await readFile(`${path}.bak`)];

    const second = open();
    expect(await second.isForgotten("a")).toBe(false);
    await second.forget();
    const names = (await readdir(folder.path)).sort();
    expect(names).toHaveLength(2);
    expect((await readFile(join(folder.path, names[0]!))).equals(file)).toBe(true);
    expect((await readFile(join(folder.path, names[1]!))).equals(copy)).toBe(true);
    expect(await second.exists()).toBe(false);
    expect(await second.isForgotten("a")).toBe(true);
    expect(await second.isForgotten("c")).toBe(false);
    // There is nothing more to put aside.
    await second.forget();
    expect((await readdir(folder.path)).sort()).toEqual(names);

    await second.choose(secretOf("passphrase", "the second one"));
    await second.set("b", "another");
    expect(await second.isForgotten("a")).toBe(true);
    expect(await second.isForgotten("b")).toBe(false);
    expect((await readFile(join(folder.path, names[0]!))).equals(file)).toBe(true);
  });

  it("does not forget a passphrase that has been given", async () => {
    const first = open();
    await first.choose(secretOf("passphrase", "the first one"));
    await expect(first.forget()).rejects.toMatchObject({ error: { kind: "invalid_input" } });
    const second = open();
    const unlocking = second.unlock(secretOf("passphrase", "the first one"));
    await expect(second.forget()).rejects.toMatchObject({ error: { kind: "invalid_input" } });
    await unlocking;
    expect((await readdir(folder.path)).filter((name) => name.includes("forgotten"))).toEqual([]);
  });

  it("is whole where putting it aside was cut short", async () => {
    const first = open();
    await first.choose(secretOf("passphrase", "the first one"));
    await first.set("a", "1");
    await rename(`${path}.bak`, `${path}.forgotten-2026-01-01T00-00-00-000Z.bak`);
    const second = open();
    await second.unlock(secretOf("passphrase", "the first one"));
    expect(await second.get("a")).toEqual({ kind: "found", value: "1" });
    expect(await second.isForgotten("a")).toBe(false);
  });

  it("becomes again what was put aside when its passphrase comes back", async () => {
    const first = open();
    await first.choose(secretOf("passphrase", "the first one"));
    await first.set("a", "1");
    const before = await snapshot();
    const second = open();
    await second.forget();
    const aside = await snapshot();
    for (const wrong of ["the second one", ""]) {
      await expect(second.recall(secretOf("passphrase", wrong))).rejects.toMatchObject({ error: { kind: "wrong_passphrase" } });
    }
    expect(await snapshot()).toEqual(aside);
    await second.recall(secretOf("passphrase", "the first one"));
    expect(await second.get("a")).toEqual({ kind: "found", value: "1" });
    expect(await snapshot()).toEqual(before);
  });

  it("takes what was put aside into the one in use, and leaves what that has of its own", async () => {
    const first = open();
    await first.choose(secretOf("passphrase", "the first one"));
    await first.set("a", "1");
    await first.set("b", "2");
    const second = open();
    await second.forget();
    await second.choose(secretOf("passphrase", "the second one"));
    await second.set("b", "of the second");

    const third = open();
    await expect(third.recall(secretOf("passphrase", "the first one"))).rejects.toMatchObject({ error: { kind: "secrets_locked" } });
    await third.unlock(secretOf("passphrase", "the second one"));
    const before = await snapshot();
    await expect(third.recall(secretOf("passphrase", "the second one"))).rejects.toMatchObject({ error: { kind: "wrong_passphrase" } });
    expect(await snapshot()).toEqual(before);
    await third.recall(secretOf("passphrase", "the first one"));
    const fourth = open();
    await fourth.unlock(secretOf("passphrase", "the second one"));
    expect(await fourth.get("a")).toEqual({ kind: "found", value: "1" });
    expect(await fourth.get("b")).toEqual({ kind: "found", value: "of the second" });
    expect(await fourth.isForgotten("a")).toBe(false);
  });

  it("leaves a file alone that a newer app wrote", async () => {
    await writeFile(path, '{"version":9,"data":{}}');
    await expect(open().forget()).rejects.toMatchObject({ error: { kind: "data_too_new" } });
    expect(await readdir(folder.path)).toEqual(["passphrase.json"]);
  });

  it("costs a guesser 128 MiB each, and is sealed at that very cost", async () => {
    await open(null).choose(secretOf("passphrase", "the first one"));
    type File = { data: { content: { N: number; r: number; p: number; salt: string; master: string } } };
    const { content } = (JSON.parse(await readFile(path, "utf8")) as File).data;
    const cost = { N: 2 ** 17, r: 8, p: 1 };
    expect(content).toMatchObject(cost);
    const salt = Buffer.from(content.salt, "base64");
    const key = scryptSync("the first one", salt, 32, { ...cost, maxmem: 256 * 1024 * 1024 });
    expect(unseal(key, Buffer.from(content.master, "base64"), "steward passphrase 1 master")).toHaveLength(32);
  });
});

describe("phraseStrength", () => {
  it("tells weak from strong and says why", async () => {
    expect(await phraseStrength(secretOf("passphrase", "password"), [], 3)).toMatchObject({ score: 0, good: false });
    expect((await phraseStrength(secretOf("passphrase", "password"), [], 3)).warning).toBeTruthy();
    expect((await phraseStrength(secretOf("passphrase", "password"), [], 3)).suggestions.length).toBeGreaterThan(0);
    expect(await phraseStrength(secretOf("passphrase", "zebra mango flywheel outpost"), [], 4)).toMatchObject({ score: 4, good: true });
    expect(await phraseStrength(secretOf("passphrase", ""), [], 3)).toMatchObject({ score: 0, good: false });
  });

  it("counts what is known of the person as guessable", async () => {
    const phrase = "quillonbarthew";
    const stranger = await phraseStrength(secretOf("passphrase", phrase), [], 3);
    const known = await phraseStrength(secretOf("passphrase", phrase), ["@quillonbarthew:hs.example"], 3);
    expect(known.score).toBeLessThan(stranger.score);
    expect(known.good).toBe(false);
  });

  it("uses the threshold it is given", async () => {
    const { score } = await phraseStrength(secretOf("passphrase", "zebra mango"), [], 0);
    expect((await phraseStrength(secretOf("passphrase", "zebra mango"), [], score)).good).toBe(true);
    expect((await phraseStrength(secretOf("passphrase", "zebra mango"), [], score + 1)).good).toBe(false);
  });
});
