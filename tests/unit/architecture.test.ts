import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../build/paths.ts";
import { AppError } from "../../shared/errors.ts";
import { breaches, importsOf, mainFolders } from "../support/architecture.ts";
import { misplaced } from "../support/onePlace.ts";

/** What lies at the top of the project, and nothing else but files whose names begin with a dot. */
const top = [
  ["main", "preload", "renderer", "shared", "tests", "build", ".ci"],
  ["package.json", "package-lock.json", "tsconfig.json", "electron-builder.yml", "eslint.config.mjs"],
  ["README.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "CHANGELOG.md"],
].flat();

/** All files of the project, tracked or about to be. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));

const text = (path: string): string => readFileSync(join(root, path), "utf8");

describe("the house", () => {
  test("keeps its rules", () => {
    const ours = files.filter((path) => /^(?:main|preload|renderer|shared|tests|build)\/.*\.(?:tsx?|mjs|css)$/.test(path));
    expect(ours).toContain("main/index.ts");
    expect(breaches(new Map(ours.map((path) => [path, text(path)])))).toEqual([]);
  });

  test("does in one place what has one", () => {
    const main = files.filter((path) => /^main\/.*\.ts$/.test(path));
    expect(misplaced(new Map(main.map((path) => [path, text(path)])))).toEqual([]);
  });

  test("has nothing at its top that does not belong there", () => {
    const names = new Set(files.map((path) => path.split("/")[0] ?? path));
    expect([...names].filter((name) => !top.includes(name) && !/^\.[^/]+$/.test(name))).toEqual([]);
    const folders = new Set(files.flatMap((path) => /^main\/([^/]+)\//.exec(path)?.[1] ?? []));
    expect([...folders].filter((name) => !mainFolders.includes(name))).toEqual([]);
  });

  test("has a sentence for everything that can go wrong, and for nothing else", () => {
    const { errors, errorReasons } = JSON.parse(text("renderer/i18n/en.json")) as {
      errors: Record<string, string>;
      errorReasons: Record<string, Record<string, string>>;
    };
    const sentence = /[a-z]{2,} [^]*[.:})”]$/;
    expect(Object.keys(errors).sort()).toEqual(
      AppError.unwrap()
        .options.map(({ shape }) => shape.kind.value)
        .sort(),
    );
    for (const { shape } of AppError.unwrap().options) {
      const kind = shape.kind.value;
      if (errors[kind] !== "{reason}") {
        expect(errors[kind], kind).toMatch(sentence);
        continue;
      }
      const reasons = "reason" in shape && "options" in shape.reason ? shape.reason.options : [];
      expect(Object.keys(errorReasons[kind] ?? {}).sort(), kind).toEqual([...reasons].sort());
      for (const reason of reasons) expect(errorReasons[kind]?.[reason], `${kind} ${reason}`).toMatch(sentence);
    }
  });
});

describe("the rules", () => {
  const sources = (given: Record<string, string>): Map<string, string> => new Map(Object.entries(given));

  test.each([
    ["main/admin/a.ts", 'await fetch("https://example.org");', "the network"],
    ["main/admin/a.ts", "const send = globalThis.fetch;", "the network"],
    ["main/app/a.ts", 'import { net } from "electron"; await net.fetch(url);', "the network"],
    ["main/account/a.ts", 'import { request } from "undici";', "the network"],
    ["main/sessions/a.ts", 'headers.set("Authorization", token);', "a token in a request"],
    ["main/jobs/a.ts", "const wait = headers.get('Retry-After');", "how long a server"],
    ["main/http/requestJson.ts", 'init.headers = { "authorization": token };', "a token in a request"],
    [
      "main/jobs/a.ts",
      "await new Promise((resolve) => { timer = setTimeout(() => resolve(null), 5); });",
      "a promise that is waited for no longer",
    ],
    ["main/jobs/a.ts", "await Promise.race([work(), pause(5, undefined, { ref: false })]);", "a promise that is waited for no longer"],
  ])("%s may not say %s, which has its one place", (path, line, what) => {
    expect(misplaced(sources({ [path]: line }))).toEqual([expect.stringContaining(what)]);
  });

  test("let what gets its way to the server as an argument use it, and the words stand in comments and elsewhere", () => {
    const handed = "export const ask = ({ fetch }: Parts) => fetch(url); // Authorization, Retry-After";
    expect(misplaced(sources({ "main/admin/a.ts": handed, "tests/a.ts": 'await fetch("x", { headers: { authorization } });' }))).toEqual(
      [],
    );
  });

  test.each([
    ["shared/a.ts", 'import { app } from "electron";', "shared imports zod alone"],
    ["shared/a.ts", 'import type { X } from "../main/x.ts";', "shared imports zod alone"],
    ["preload/index.ts", 'import * as z from "zod";', "preload imports Electron"],
    ["renderer/a.tsx", 'export { x } from "../main/x.ts";', "the renderer knows shared alone"],
    ["renderer/a.tsx", 'import { readFile } from "node:fs";', "the renderer's packages"],
    ["renderer/a.tsx", 'const x = () => import("matrix-js-sdk");', "the renderer's packages"],
    ["main/sessions/a.ts", 'import type { App } from "electron";', "know Electron"],
    ["main/sessions/a.ts", 'type A = import("electron").App;', "know Electron"],
    ["main/sessions/a.ts", 'const { app } = require("electron");', "know Electron"],
    ["main/account/a.ts", 'import { router } from "../ipc/router.ts";', "do not know app and ipc"],
    ["main/storage/a.ts", 'import { x } from "../sessions/x.ts";', "imports point down"],
    ["main/sessions/a.ts", 'import type { X } from "../encryption/x.ts";', "imports point down"],
    ["main/app/a.ts", 'import { x } from "../../renderer/x.ts";', "main knows shared alone"],
    ["main/app/a.ts", 'import { x } from "../../tests/support/x.ts";', "main knows shared alone"],
  ])("%s may not say %s", (path, line, rule) => {
    expect(breaches(sources({ [path]: line }))).toEqual([expect.stringContaining(rule)]);
  });

  test("see matrix-js-sdk loaded at start, however long the way", () => {
    const eager = {
      "main/index.ts": 'import { a } from "./sessions/a.ts";',
      "main/sessions/a.ts": 'export * from "./b.ts";',
      "main/sessions/b.ts": 'import { createClient } from "matrix-js-sdk/lib/client";',
    };
    expect(breaches(sources(eager))).toEqual([expect.stringContaining("main/sessions/a.ts -> main/sessions/b.ts")]);
    const late = { ...eager, "main/index.ts": 'const a = () => import("./sessions/a.ts");' };
    expect(breaches(sources(late))).toEqual([]);
    const types = { ...eager, "main/sessions/b.ts": 'import { type MatrixClient } from "matrix-js-sdk";' };
    expect(breaches(sources(types))).toEqual([]);
  });

  test.each(["import { b } from", "import type { b } from", "export * from"])("see circles through %s", (words) => {
    const circle = { "main/storage/a.ts": `${words} "./b.ts";`, "main/storage/b.ts": 'import { a } from "./a.ts";' };
    expect(breaches(sources(circle))).toEqual([expect.stringContaining("a circle: main/storage/a.ts")]);
  });

  test("see a circle closed by a late import or a thread", () => {
    for (const way of ['import("./a.ts")', 'new URL("./a.ts", import.meta.url)']) {
      const circle = { "main/storage/a.ts": 'import { b } from "./b.ts";', "main/storage/b.ts": `export const b = () => ${way};` };
      expect(breaches(sources(circle))).toHaveLength(1);
    }
  });

  test("see files that have grown too long", () => {
    expect(breaches(sources({ "main/a.ts": "\n".repeat(400) }))).toEqual([]);
    expect(breaches(sources({ "main/a.ts": "\n".repeat(401) }))).toEqual(["main/a.ts has 401 lines, more than 400"]);
  });

  test("tell imports of types from imports of values", () => {
    const kinds = (line: string): string[] => importsOf("a.ts", line).map(({ kind }) => kind);
    expect(kinds('import type { A } from "x";')).toEqual(["type"]);
    expect(kinds('import { type A, b } from "x";')).toEqual(["value"]);
    expect(kinds('import "x";')).toEqual(["value"]);
    expect(kinds('import * as x from "x";')).toEqual(["value"]);
    expect(kinds('export type { A } from "x";')).toEqual(["type"]);
    expect(kinds('// import { a } from "x";')).toEqual([]);
  });
});
