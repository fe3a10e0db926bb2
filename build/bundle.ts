import { glob, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { channelNames } from "../shared/contract/index.ts";
import { cache, out, root, say } from "./paths.ts";
import { buildFacts, type BuildFacts, electronVersion, isMaintained, type Purpose } from "./purposes.ts";
import { currentFonts, givenLocale, parsedTexts, reactModules, spokenLanguages } from "./leanPackages.ts";
import { startModules } from "./startModules.ts";

/** Packages that are not bundled, because they carry binaries. They lie in node_modules beside the app. */
export const nativePackages = ["keytar", "classic-level", "@matrix-org/matrix-sdk-crypto-wasm"];

/** What is inside the Electron that ships, and inside Electron 25, which tests fall back to. */
const current = { main: "node24", renderer: "chrome150" };
const old = { main: "node18", renderer: "chrome114" };

/** How main's modules name a file that runs in a thread of its own. Works unbundled too, as plain URL. */
const threadReference = /new URL\(\s*"(\.\.?\/[^"]+\.ts)",\s*import\.meta\.url\s*,?\s*\)/g;

/** What a bundle is made of and where it goes. The defaults are the project itself. */
export interface BundleOptions {
  production: boolean;
  purpose: Purpose;
  /** The version of the Electron that the app will run on. */
  electron: string;
  /** The folder that holds main/, preload/ and renderer/. */
  source?: string;
  /** The folder that gets main/, preload/ and renderer/. */
  target?: string;
}

/**
 * Bundles the app into `out/`. Main becomes `main/index.cjs` and, beside it, one file for each part that is loaded
 * later; preload becomes one file; the renderer becomes `renderer/main.js`, `main.css`, fonts and index.html.
 * @returns the files it is made of
 * @throws Error when a source does not build, or when main would load matrix-js-sdk at start.
 */
export async function bundle({ production, purpose, electron, source = root, target = out }: BundleOptions): Promise<string[]> {
  const started = performance.now();
  const targets = isMaintained(electron) ? current : old;
  await rm(target, { recursive: true, force: true });
  const common: BuildOptions = {
    bundle: true,
    absWorkingDir: source,
    logLevel: "warning",
    metafile: true,
    sourcemap: production ? false : "linked",
    legalComments: "none",
    define: { "process.env.NODE_ENV": production ? '"production"' : '"development"' },
    target: targets.main,
    plugins: [channels, facts(buildFacts(purpose, electron)), polyfills(source, targets === old)],
  };
  const parts = await Promise.allSettled([
    bundleMain(common, production, source, join(target, "main")),
    bundlePreload(common, production, source, join(target, "preload")),
    bundleRenderer({ ...common, target: targets.renderer }, production, source, join(target, "renderer")),
  ]);
  // Only now does nobody write to the target any more.
  const failed = parts.find((part) => part.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  say(`bundled in ${Math.round(performance.now() - started)} ms`);
  return parts.flatMap((part) => (part.status === "fulfilled" ? part.value : []));
}

/**
 * Main needs CommonJS, which Electron 25 demands, in several files that share their modules, so that the Matrix SDK is
 * loaded only when it is needed; esbuild splits ES modules alone. So it splits first, and then turns each file into
 * CommonJS by itself. One module stays one module, whichever file asks for it.
 */
async function bundleMain(common: BuildOptions, production: boolean, source: string, target: string): Promise<string[]> {
  const modules = join(cache, "bundle", String(process.pid));
  const split = await build({
    ...common,
    entryPoints: { index: join(source, "main/index.ts"), ...(await threadEntries(source)) },
    outdir: modules,
    outExtension: { ".js": ".mjs" },
    chunkNames: "[name]-[hash]",
    format: "esm",
    splitting: true,
    platform: "node",
    // A CommonJS package that is imported late would come with its names under `default`, once as a chunk of its own.
    mainFields: ["module", "main"],
    external: ["electron", ...nativePackages],
    loader: { ".png": "dataurl" },
    define: {
      ...common.define,
      "import.meta.url": "importMetaUrl",
      "import.meta.dirname": "__dirname",
      "import.meta.filename": "__filename",
    },
    plugins: [...(common.plugins ?? []), threads(source), spokenLanguages],
  });
  try {
    refuseEagerSdk(split.metafile as Metafile);
    await build({
      ...common,
      entryPoints: Object.keys((split.metafile as Metafile).outputs)
        .filter((path) => path.endsWith(".mjs"))
        .map((path) => join(source, path)),
      outbase: modules,
      outdir: target,
      outExtension: { ".js": ".cjs" },
      format: "cjs",
      platform: "node",
      ...(common.target && { target: common.target }),
      // Electron 25 has no ES modules in main, so a late import becomes a late require.
      supported: { "dynamic-import": false },
      minifySyntax: production,
      minifyWhitespace: production,
      banner: { js: '"use strict"; const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
      plugins: [leaveImports],
    });
  } finally {
    await rm(modules, { recursive: true, force: true });
  }
  return inputsOf(split.metafile as Metafile);
}

const inputsOf = (metafile: Metafile): string[] => Object.keys(metafile.inputs);

/** Keeps each import as it is, save that a neighbour's name ends in .cjs from now on. */
const leaveImports: Plugin = {
  name: "leave-imports",
  setup(plugin) {
    plugin.onResolve({ filter: /./ }, ({ path, kind }) => {
      if (kind === "entry-point") return null;
      return { path: path.startsWith(".") ? path.replace(/\.mjs$/, ".cjs") : path, external: true };
    });
  },
};

/** The modules of main that run in threads of their own, by the name of the file each is bundled to. */
async function threadEntries(source: string): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for await (const path of glob("main/**/*.ts", { cwd: source })) {
    const text = await readFile(join(source, path), "utf8");
    for (const [, reference] of text.matchAll(threadReference)) {
      const entry = resolve(source, dirname(path), reference as string);
      entries[threadName(source, entry)] = entry;
    }
  }
  return entries;
}

/**
 * main/encryption/keyFile/worker.ts becomes thread-encryption-keyFile-worker, beside everything else: a thread that
 * starts threads of its own finds them by the same name as main does.
 *
 * @param source the project's folder
 * @param entry the module's path
 * @returns the name of the file it is bundled to, in main's folder and without its extension
 */
export function threadName(source: string, entry: string): string {
  return `thread-${relative(join(source, "main"), entry).replace(/\.ts$/, "").replaceAll(/[\\/]/g, "-")}`;
}

/** Points `new URL("./worker.ts", import.meta.url)` to the bundled file. */
function threads(source: string): Plugin {
  return {
    name: "threads",
    setup(plugin) {
      plugin.onLoad({ filter: /[\\/]main[\\/].*\.ts$/ }, async ({ path }) => {
        if (path.includes("node_modules")) return null;
        const text = await readFile(path, "utf8");
        const contents = text.replaceAll(threadReference, (_, reference: string) => {
          const entry = resolve(dirname(path), reference);
          return `new URL("./${threadName(source, entry)}.cjs", import.meta.url)`;
        });
        return { contents, loader: "ts" };
      });
    },
  };
}

/** Loading matrix-js-sdk takes longer than showing a window, so nothing that main loads at start may contain it. */
function refuseEagerSdk(metafile: Metafile): void {
  const outputs = metafile.outputs;
  const eager = new Set(Object.keys(outputs).filter((path) => startModules.includes(outputs[path]?.entryPoint ?? "")));
  for (const path of eager) {
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && outputs[next]) eager.add(next);
    }
  }
  const heavy = [...eager].some((path) =>
    Object.entries(outputs[path]?.inputs ?? {}).some(
      ([input, { bytesInOutput }]) => input.includes("node_modules/matrix-js-sdk/") && bytesInOutput > 0,
    ),
  );
  if (!heavy) return;
  const culprits = Object.entries(metafile.inputs)
    .filter(([path]) => !path.includes("node_modules/"))
    .filter(([, { imports }]) => imports.some(({ path }) => path.includes("node_modules/matrix-js-sdk/")))
    .map(([path]) => path);
  throw new Error(
    `main would load matrix-js-sdk at start. It is imported by ${culprits.join(", ")}: ` + "reach one of them through import() instead.",
  );
}

async function bundlePreload(common: BuildOptions, production: boolean, source: string, target: string): Promise<string[]> {
  const { metafile } = await build({
    ...common,
    entryPoints: [join(source, "preload/index.ts")],
    outfile: join(target, "index.cjs"),
    format: "cjs",
    platform: "node",
    external: ["electron"],
    minify: production,
  });
  return inputsOf(metafile as Metafile);
}

/** `virtual:channels` is the list of channel names, for who needs neither the contract nor zod. */
const channels: Plugin = {
  name: "channels",
  setup(plugin) {
    plugin.onResolve({ filter: /^virtual:channels$/ }, ({ path }) => ({ path, namespace: "channels" }));
    plugin.onLoad({ filter: /./, namespace: "channels" }, () => ({
      contents: `export const channelNames = ${JSON.stringify(channelNames())};`,
    }));
  },
};

/** `virtual:build` is what the app knows of how it was built. */
function facts(known: BuildFacts): Plugin {
  return {
    name: "build-facts",
    setup(plugin) {
      plugin.onResolve({ filter: /^virtual:build$/ }, ({ path }) => ({ path, namespace: "build-facts" }));
      plugin.onLoad({ filter: /./, namespace: "build-facts" }, () => ({
        contents: `export const build = ${JSON.stringify(known)};`,
      }));
    },
  };
}

/** `virtual:polyfills` is what an old Electron's Node lacks, and nothing at all on the one that ships. */
function polyfills(source: string, needed: boolean): Plugin {
  const path = join(source, "main/app/polyfills.ts");
  return {
    name: "polyfills",
    setup(plugin) {
      plugin.onResolve({ filter: /^virtual:polyfills$/ }, () => (needed ? { path } : { path, namespace: "nothing" }));
      plugin.onLoad({ filter: /./, namespace: "nothing" }, () => ({ contents: "" }));
    },
  };
}

async function bundleRenderer(common: BuildOptions, production: boolean, source: string, target: string): Promise<string[]> {
  const { metafile } = await build({
    ...common,
    entryPoints: { main: join(source, "renderer/app/main.tsx") },
    outdir: target,
    format: "esm",
    splitting: true,
    platform: "browser",
    jsx: "automatic",
    jsxDev: !production,
    minify: production,
    chunkNames: "chunks/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    loader: { ".woff2": "file", ".svg": "file", ".png": "file" },
    plugins: [reactModules, givenLocale, parsedTexts, currentFonts, spokenLanguages],
  });
  const page = await readFile(join(source, "renderer/app/index.html"), "utf8");
  await writeFile(join(target, "index.html"), namingImports(page, metafile as Metafile, relative(source, target)));
  return inputsOf(metafile as Metafile);
}

/** The letters that nearly all text is written in, in each weight: no first page is drawn without them. */
const firstFonts = /\/inter-latin-\d+-normal-\w+\.woff2$/;

/** Names in the page what its script and its style need at once, so that all is asked for together and not in turns. */
function namingImports(page: string, { outputs }: Metafile, target: string): string {
  const imports = outputs[join(target, "main.js")]?.imports.filter(({ kind }) => kind === "import-statement") ?? [];
  const fonts = Object.keys(outputs).filter((path) => firstFonts.test(path));
  const links = [
    ...imports.map(({ path }) => `<link rel="modulepreload" href="${relative(target, path)}" />`),
    ...fonts.map((path) => `<link rel="preload" as="font" crossorigin href="${relative(target, path)}" />`),
  ];
  return page.replace("</head>", `${links.map((link) => `  ${link}\n`).join("")}  </head>`);
}

if (import.meta.main) {
  await bundle({ production: process.argv.includes("--production"), purpose: "start", electron: electronVersion });
}
