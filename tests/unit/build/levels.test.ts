import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { levels } from "../../../build/levels.ts";
import { root } from "../../../build/paths.ts";
import { importsOf } from "../../support/architecture.ts";

/** The project's modules that a module imports when it runs; most are asked for by many tests. */
const imported = new Map<string, string[]>();
function importedBy(path: string): string[] {
  const known = imported.get(path);
  if (known !== undefined) return known;
  const found = importsOf(path, readFileSync(join(root, path), "utf8"))
    .filter(({ kind, specifier }) => kind !== "type" && /^\..*\.tsx?$/.test(specifier))
    .map(({ specifier }) => join(dirname(path), specifier));
  imported.set(path, found);
  return found;
}

/** Whether a module, or one that it imports, calls for the local Synapse. */
function needsSynapse(path: string, seen = new Set<string>()): boolean {
  if (path === "tests/support/synapseVenv.ts") return true;
  if (seen.has(path)) return false;
  seen.add(path);
  return importedBy(path).some((next) => needsSynapse(next, seen));
}

test.each(levels)("level $name has its Synapse installed beforehand where its tests start one", ({ files, notFiles, homeserver }) => {
  const left = new Set((notFiles ?? []).flatMap((pattern) => globSync(pattern, { cwd: root })));
  const paths = (files ?? []).flatMap((pattern) => globSync(pattern, { cwd: root })).filter((path) => !left.has(path));
  if (files !== undefined) expect(paths).not.toEqual([]);
  const needing = paths.filter((path) => needsSynapse(path));
  if (homeserver) expect(needing).not.toEqual([]);
  else expect(needing).toEqual([]);
});
