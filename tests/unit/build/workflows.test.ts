import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveConfig } from "prettier";
import { expect, test } from "vitest";
import { writeChecksums } from "../../../build/checksums.ts";
import { levels } from "../../../build/levels.ts";
import { root } from "../../../build/paths.ts";

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
const workflows = globSync(".github/workflows/*.yml", { cwd: root });

test.each(workflows)("%s uses actions by the hash of their commit alone", (path) => {
  const uses = [...readFileSync(join(root, path), "utf8").matchAll(/uses: (\S+)/g)].map(([, name]) => name);
  expect(uses.length).toBeGreaterThan(0);
  for (const name of uses) expect(name).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
});

test.each(workflows)("%s calls commands and levels that there are", (path) => {
  const text = readFileSync(join(root, path), "utf8");
  for (const [, name] of text.matchAll(/npm run (\w+)/g)) expect(Object.keys(scripts)).toContain(name);
  for (const [, named] of text.matchAll(/level: \[(.*)\]/g)) {
    for (const level of (named as string).split(", ")) expect(levels.map(({ name }) => name)).toContain(level);
  }
});

test("checksums name each file once, as sha256sum reads them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "checksums-"));
  try {
    await writeFile(join(folder, "b.deb"), "b");
    await writeFile(join(folder, "a.AppImage"), "");
    await writeChecksums(folder, "linux");
    // Once more: what is there from before is no file to be checked.
    expect(await writeChecksums(folder, "linux")).toBe("SHA256SUMS-linux");
    expect(await readFile(join(folder, "SHA256SUMS-linux"), "utf8")).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.AppImage\n" +
        "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b.deb\n",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("editors find the lint rules and the layout where they look for them", async () => {
  expect(existsSync(join(root, "eslint.config.mjs"))).toBe(true);
  expect(existsSync(join(root, ".prettierrc.json"))).toBe(true);
  expect(await resolveConfig(join(root, "main/index.ts"), { editorconfig: true })).toMatchObject({ printWidth: 140, tabWidth: 2 });
});
