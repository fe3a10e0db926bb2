import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";
import { root } from "./paths.ts";

/*
 * What packages bring that the window would pay for at each start and never use, left out while it is bundled.
 */

/** The languages that the app speaks, as react-aria names the files of its own words. */
const spokenByComponents = ["en-US", "de-DE"];

/**
 * Some packages carry their own few words in dozens of languages, half a megabyte together; the app speaks two. What
 * react-aria has no words for it must find empty: it then takes the English ones (an empty object would count as a
 * language without the words it needs, and throw). zod's words are for developers.
 */
export const spokenLanguages: Plugin = {
  name: "spoken-languages",
  setup(plugin) {
    plugin.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
    plugin.onLoad({ filter: /[\\/]react-[^\\/]+[\\/].*intl[\\/].*[a-z]{2}-[A-Z]{2}\.m?js$/ }, ({ path }) =>
      spokenByComponents.some((locale) => path.includes(locale)) ? null : { contents: "export default undefined;" },
    );
  },
};

/** React's modules, and where each lies in its package. */
const reactModuleNames: Readonly<Record<string, readonly [folder: string, name: string]>> = {
  react: ["react", "react"],
  "react/jsx-runtime": ["react", "react-jsx-runtime"],
  "react/jsx-dev-runtime": ["react", "react-jsx-dev-runtime"],
  "react-dom": ["react-dom", "react-dom"],
  "react-dom/client": ["react-dom", "react-dom-client"],
  scheduler: ["scheduler", "scheduler"],
};

/**
 * React comes as CommonJS. esbuild would put each of its modules into a function, which V8 reads twice because it is
 * called at once, and copy its names, as getters, for each of the hundreds of modules that import it. Its modules ask
 * for each other at their tops and set `exports` and nothing else, so they are ES modules all but in writing.
 *
 * @see https://esbuild.github.io/content-types/#default-interop
 */
export const reactModules: Plugin = {
  name: "react-modules",
  setup(plugin) {
    const kind = plugin.initialOptions.define?.["process.env.NODE_ENV"] === '"production"' ? "production" : "development";
    const names = Object.keys(reactModuleNames).join("|");
    // By their own paths, by which the licences of what is bundled are found.
    plugin.onResolve({ filter: new RegExp(`^(?:${names})$`) }, ({ path }) => {
      const [folder, name] = reactModuleNames[path] as readonly [string, string];
      return { path: join(root, "node_modules", folder, "cjs", `${name}.${kind}.js`) };
    });
    plugin.onLoad({ filter: /[\\/]node_modules[\\/](?:react|react-dom|scheduler)[\\/]cjs[\\/][^\\/]+\.js$/ }, async ({ path }) => ({
      contents: asModule(await readFile(path, "utf8")),
    }));
    // What React has had itself since its version 18.
    plugin.onResolve({ filter: /^use-sync-external-store\/shim(?:\/index\.js)?$/ }, () => ({ path: "shim", namespace: "react-shim" }));
    plugin.onLoad({ filter: /./, namespace: "react-shim" }, () => ({
      contents: 'export { useSyncExternalStore } from "react";',
      resolveDir: root,
    }));
  },
};

/** A CommonJS module that sets `exports.name` and requires others by plain names, as an ES module. */
function asModule(source: string): string {
  const needed = [...new Set([...source.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name as string))];
  const names = [...new Set([...source.matchAll(/\bexports\.(\w+) =/g)].map(([, name]) => name as string))];
  return [
    ...needed.map((name, index) => `import required${index} from ${JSON.stringify(name)};`),
    "var exports = {};",
    source.replaceAll(/\brequire\("([^"]+)"\)/g, (_, name: string) => `required${needed.indexOf(name)}`),
    "export default exports;",
    `const { ${names.map((name, index) => `${name}: exported${index}`).join(", ")} } = exports;`,
    `export { ${names.map((name, index) => `exported${index} as ${name}`).join(", ")} };`,
  ].join("\n");
}

/**
 * react-aria asks for the system's language when it is loaded, which takes V8 longer than drawing the accounts. The
 * whole window stands in an `I18nProvider` with the language that is spoken, so the answer would never be used.
 */
export const givenLocale: Plugin = {
  name: "given-locale",
  setup(plugin) {
    let met = false;
    plugin.onLoad({ filter: /[\\/]react-aria[\\/].*[\\/]i18n[\\/]useDefaultLocale\.m?js$/ }, () => {
      met = true;
      return {
        contents: `
          const locale = { locale: "en-US", direction: "ltr" };
          export const getDefaultLocale = () => locale;
          export const useDefaultLocale = () => locale;`,
      };
    });
    plugin.onEnd(() => (met ? null : { errors: [{ text: "react-aria's useDefaultLocale lies somewhere else now" }] }));
  },
};

/**
 * The texts as `JSON.parse` of one string, which V8 reads in half the time of the same object written as code.
 *
 * @see https://v8.dev/blog/cost-of-javascript-2019#json
 */
export const parsedTexts: Plugin = {
  name: "parsed-texts",
  setup(plugin) {
    plugin.onLoad({ filter: /[\\/]renderer[\\/]i18n[\\/]\w+\.json$/ }, async ({ path }) => {
      const texts = JSON.stringify(JSON.parse(await readFile(path, "utf8")));
      return { contents: `export default JSON.parse(${JSON.stringify(texts)});` };
    });
  },
};

/** The fonts in the format that Chromium reads, without the copies for browsers that don't. */
export const currentFonts: Plugin = {
  name: "current-fonts",
  setup(plugin) {
    plugin.onLoad({ filter: /[\\/]@fontsource[\\/].*\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll(/,\s*url\([^)]*\.woff\) format\('woff'\)/g, ""),
      loader: "css",
      resolveDir: dirname(path),
    }));
  },
};
