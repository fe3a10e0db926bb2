import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import * as react from "react";
import * as jsx from "react/jsx-runtime";
import * as dom from "react-dom";
import * as client from "react-dom/client";
import { expect, test } from "vitest";
import { currentFonts, givenLocale, parsedTexts, reactModules } from "../../../build/leanPackages.ts";
import { root } from "../../../build/paths.ts";

/** What a module with this text becomes, as its own code. */
async function bundled(contents: string, plugin: Plugin, mode = "development", loader: "ts" | "css" = "ts"): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root, "renderer"), loader },
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
    define: { "process.env.NODE_ENV": JSON.stringify(mode) },
    loader: { ".woff2": "empty" },
    plugins: [plugin],
  });
  return outputFiles[0]?.text ?? "";
}

const load = async (text: string): Promise<Record<string, object>> =>
  (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Record<string, object>;

const ALL_OF_REACT = `
  export * as react from "react";
  export { default as reactDefault } from "react";
  export * as jsx from "react/jsx-runtime";
  export * as dom from "react-dom";
  export * as client from "react-dom/client";
  export { useSyncExternalStore as shim } from "use-sync-external-store/shim";`;

const namesOf = (module: object): string[] =>
  Object.keys(module)
    .filter((name) => name !== "default" && name !== "module.exports")
    .sort();

test("React's modules have the names that the packages export, as ES modules", async () => {
  const text = await bundled(ALL_OF_REACT, reactModules);
  expect(text).not.toMatch(/__commonJS|__toESM|\brequire\(/);
  const made = await load(text);
  expect(namesOf(made["react"]!)).toEqual(namesOf(react));
  expect(namesOf(made["jsx"]!)).toEqual(namesOf(jsx));
  expect(namesOf(made["dom"]!)).toEqual(namesOf(dom));
  expect(namesOf(made["client"]!)).toEqual(namesOf(client));
  expect(made["reactDefault"]).toMatchObject({ version: react.version });
  expect((made["react"] as typeof react).version).toBe(react.version);
  expect(made["shim"]).toBe((made["react"] as typeof react).useSyncExternalStore);
});

test("React's files count as files of their packages, whose licences go along", async () => {
  const { metafile } = await build({
    stdin: { contents: ALL_OF_REACT, resolveDir: join(root, "renderer"), loader: "ts" },
    absWorkingDir: root,
    bundle: true,
    metafile: true,
    write: false,
    plugins: [reactModules],
  });
  const packages = Object.keys(metafile.inputs).map((path) => /node_modules\/([\w-]+)\//.exec(path)?.[1]);
  expect([...new Set(packages)]).toEqual(expect.arrayContaining(["react", "react-dom", "scheduler"]));
});

test("the React that ships is the one for production, and draws", async () => {
  const text = await bundled(
    `import { createElement, useState } from "react";
     import { jsx } from "react/jsx-runtime";
     function Name() { const [name] = useState("Ada"); return jsx("b", { children: name }); }
     export const element = createElement(Name);
     export { version } from "react-dom";
     export { createRoot } from "react-dom/client";`,
    reactModules,
    "production",
  );
  expect(text).not.toMatch(/__commonJS|\brequire\(/);
  expect(text).not.toContain("react-dom-client.development");
  const made = await load(text);
  expect(made["version"]).toBe(react.version);
  expect(made["createRoot"]).toBeTypeOf("function");
  expect(made["element"]).toMatchObject({ $$typeof: Symbol.for("react.transitional.element"), props: {} });
});

test("react-aria's question for the system's language is left out, and the bundle fails when it lies elsewhere", async () => {
  const text = await bundled('export { I18nProvider } from "react-aria-components/I18nProvider";', givenLocale);
  expect(text).not.toContain("supportedLocalesOf");
  await expect(bundled("export {};", givenLocale)).rejects.toThrow("useDefaultLocale lies somewhere else");
});

test("texts are those of their file", async () => {
  for (const language of ["en", "de"]) {
    const path = join(root, `renderer/i18n/${language}.json`);
    const made = await load(await bundled(`export { default as texts } from ${JSON.stringify(path)};`, parsedTexts));
    expect(made["texts"]).toEqual(JSON.parse(readFileSync(path, "utf8")));
  }
});

test("fonts come in one format", async () => {
  const text = await bundled('@import "@fontsource/inter/400.css";', currentFonts, "production", "css");
  expect(text).toContain('format("woff2")');
  expect(text).not.toContain('format("woff")');
});
