import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const renderer = join(import.meta.dirname, "../../../renderer");
const modules = globSync("**/*.tsx", { cwd: renderer }).map((path) => ({
  path,
  text: readFileSync(join(renderer, path), "utf8"),
}));

/** The files that a file imports statically, as far as they lie in the renderer. */
function imports(path: string): string[] {
  const text = readFileSync(join(renderer, path), "utf8");
  return [...text.matchAll(/(?:from|import)\s+"(\.[^"]+)"/g)].map(([, name]) =>
    relative(renderer, resolve(renderer, dirname(path), name ?? "")),
  );
}

function closure(start: string): Set<string> {
  const seen = new Set([start]);
  for (const path of seen) {
    if (/\.tsx?$/.test(path)) for (const next of imports(path)) if (next.startsWith("..") === false) seen.add(next);
  }
  return seen;
}

test("every style sheet is in the one that the window loads", () => {
  const loaded = closure("app/main.tsx");
  const all = globSync("**/*.css", { cwd: renderer });
  expect(all.length).toBeGreaterThan(15);
  expect(all.filter((path) => !loaded.has(path))).toEqual([]);
});

test("every class name that is used is defined", () => {
  const missing = modules.flatMap(({ path, text }) => {
    const sheet = /import styles from "([^"]+)"/.exec(text)?.[1];
    if (!sheet) return [];
    const css = readFileSync(join(renderer, dirname(path), sheet), "utf8");
    const used = [...text.matchAll(/styles\["(\w+)"\]/g)].map(([, name]) => name ?? "");
    return used.filter((name) => !new RegExp(`\\.${name}\\b`).test(css)).map((name) => `${path}: ${name}`);
  });
  expect(missing).toEqual([]);
});

test("the renderer takes types alone from what knows the schema library, so that it does not come along", () => {
  const values = globSync("**/*.{ts,tsx}", { cwd: renderer }).flatMap((path) =>
    [...readFileSync(join(renderer, path), "utf8").matchAll(/^import (?!type\b)[^;]*from "[^"]*\/shared\/[^"]*";/gm)]
      // Rules about fields, searches and languages without schemas, for both sides.
      .filter(([line]) => !/\/shared\/(?:fields|personSearch|i18n\/\w+)\.ts";$/.test(line))
      .map(([line]) => `${path}: ${line}`),
  );
  expect(values).toEqual([]);
});

test("styles name the sides of the text, not of the window, so that a page from right to left is a mirror of the other", () => {
  const physical = [
    /(?:^|[\s;{-])(?:left|right)\s*:/,
    /\b(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)\b/,
    /-(?:left|right)-radius\b/,
    /\b(?:text-align|float|clear)\s*:\s*(?:left|right)\b/,
    // Four sides in one line, of which the second and the fourth differ.
    /\b(?:margin|padding|inset)\s*:\s*(?:[^\s;()]+(?:\([^)]*\))?\s+)(\S+)\s+\S+\s+(?!\1\s*[;}])[^\s;]+\s*;/,
  ];
  const found = globSync("**/*.css", { cwd: renderer }).flatMap((path) =>
    readFileSync(join(renderer, path), "utf8")
      .split("\n")
      .filter((line) => physical.some((pattern) => pattern.test(line)))
      .map((line) => `${path}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
