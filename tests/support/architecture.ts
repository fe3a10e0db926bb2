import { posix } from "node:path";
import ts from "typescript";
import { startModules } from "../../build/startModules.ts";

/** How one module names another: for its values, for its types alone, or later, by `import()` or as a thread. */
export type ImportKind = "value" | "type" | "late";

export interface Import {
  specifier: string;
  kind: ImportKind;
}

/** Source texts by their path from the project's folder, with `/` between names. */
export type Sources = ReadonlyMap<string, string>;

/** Longer than this, and a reader must scroll too much to learn what a file is. */
const longestFile = 400;

/** Nobody reads these from top to bottom: a command makes them. */
const madeFiles = ["renderer/i18n/textArguments.ts"];

/** What the renderer may use from npm. Everything here runs in a browser and shows something, or checks a shape. */
const rendererPackages = [
  "react",
  "react-dom",
  "react-aria-components",
  "lucide-react",
  "zustand",
  "zod",
  "@zxcvbn-ts/core",
  "@zxcvbn-ts/language-common",
  "@zxcvbn-ts/language-en",
  "@fontsource/inter",
];

/** The folders of main, from the top to the bottom: imports point down the list, so that no two need each other. */
export const mainFolders = [
  "app",
  "ipc",
  "health",
  "admin",
  "onboarding",
  "account",
  "encryption",
  "devices",
  "roomKeys",
  "sessions",
  "uia",
  "jobs",
  "sdk",
  "http",
  "cryptoStore",
  "secrets",
  "storage",
  "logging",
];

/** Everything a module imports, in the order it stands there. */
export function importsOf(path: string, text: string): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: ImportKind): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) found.push({ specifier: specifier.text, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importsTypesAlone(node) ? "type" : "value");
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? "type" : "value");
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, "type");
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], "late");
    else if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "require") {
      add(node.arguments[0], "value");
    } else if (isThread(node)) add(node.arguments?.[0], "late");
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function importsTypesAlone({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.isTypeOnly) return true;
  const names = importClause.namedBindings;
  if (importClause.name !== undefined || names === undefined || !ts.isNamedImports(names)) return false;
  return names.elements.length > 0 && names.elements.every(({ isTypeOnly }) => isTypeOnly);
}

/** `new URL("./worker.ts", import.meta.url)`, which is how a module names a thread of its own. */
function isThread(node: ts.Node): node is ts.NewExpression {
  if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression) || node.expression.text !== "URL") return false;
  return node.arguments?.[1]?.getText() === "import.meta.url";
}

interface Edge extends Import {
  from: string;
  /** The imported file, when it is one of ours. */
  to: string | undefined;
}

function edgesOf(sources: Sources): Edge[] {
  return [...sources].flatMap(([from, text]) =>
    /\.tsx?$/.test(from) ? importsOf(from, text).map((found) => ({ ...found, from, to: targetOf(from, found.specifier) })) : [],
  );
}

const targetOf = (from: string, specifier: string): string | undefined =>
  specifier.startsWith(".") ? posix.normalize(posix.join(posix.dirname(from), specifier)) : undefined;

const packageOf = (specifier: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

const topFolderOf = (path: string): string => path.split("/")[0] ?? path;

/** Every breach of the rules of the house, one sentence each. */
export function breaches(sources: Sources): string[] {
  const edges = edgesOf(sources);
  return [...layerBreaches(edges), ...sdkBreaches(edges), ...cycles(edges), ...lengthBreaches(sources)];
}

/** Who may import what, by top-level folder. Undefined: allowed. */
function layerBreach({ from, specifier, to }: Edge): string | undefined {
  const folder = topFolderOf(from);
  const target = to === undefined ? undefined : topFolderOf(to);
  const name = packageOf(specifier);
  switch (folder) {
    case "shared":
      if (from === "shared/i18n/message.ts" && specifier === "intl-messageformat") return undefined;
      return target === "shared" || specifier === "zod" ? undefined : "shared imports zod alone";
    case "preload":
      return target === "preload" || ["electron", "virtual:channels"].includes(specifier)
        ? undefined
        : "preload imports Electron and the channel names alone";
    case "renderer":
      if (target !== undefined) return ["renderer", "shared"].includes(target) ? undefined : "the renderer knows shared alone";
      return rendererPackages.includes(name) ? undefined : "the renderer's packages are listed in tests/support/architecture.ts";
    case "main":
      if (specifier.startsWith("virtual:")) return undefined;
      if (target !== undefined) {
        if (!["main", "shared"].includes(target)) return "main knows shared alone";
        if (!mayKnowElectron(from) && /^main\/(?:app|ipc)\//.test(to ?? "")) return "the folders of main do not know app and ipc";
        return pointsUp(from, to ?? "") ? "imports point down the list of folders in tests/support/architecture.ts" : undefined;
      }
      return name === "electron" && !mayKnowElectron(from) ? "only main/app, main/ipc and main/*.ts know Electron" : undefined;
    default:
      return undefined;
  }
}

/** Whether one folder of main imports from another that stands above it. */
function pointsUp(from: string, to: string): boolean {
  const [one, other] = [from, to].map((path) => mainFolders.indexOf(/^main\/([^/]+)\//.exec(path)?.[1] ?? ""));
  return one !== undefined && other !== undefined && one >= 0 && other >= 0 && other < one;
}

/** The composition root and its helpers lie in main/ itself. */
const mayKnowElectron = (path: string): boolean => /^main\/(?:(?:app|ipc)\/.+|[^/]+)$/.test(path);

function layerBreaches(edges: Edge[]): string[] {
  return edges.flatMap((edge) => {
    const rule = layerBreach(edge);
    return rule === undefined ? [] : [`${edge.from} imports ${edge.specifier}: ${rule}`];
  });
}

/** Modules that use matrix-js-sdk's values, though the app loads them at start. */
function sdkBreaches(edges: Edge[]): string[] {
  const reached = new Map(startModules.map((path) => [path, [path]]));
  for (const [path, way] of reached) {
    for (const { from, to, kind } of edges) {
      if (from === path && to !== undefined && kind === "value" && !reached.has(to)) reached.set(to, [...way, to]);
    }
  }
  return edges
    .filter(({ from, kind, specifier }) => kind === "value" && packageOf(specifier) === "matrix-js-sdk" && reached.has(from))
    .map(({ from }) => `${from} uses matrix-js-sdk, and is loaded at start by ${reached.get(from)?.join(" -> ")}`);
}

/** Modules that import each other in a circle, by whatever kind of import. */
function cycles(edges: Edge[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) if (to !== undefined) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, way: string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) {
      found.push(`a circle: ${[...way.slice(start), path].join(" -> ")}`);
      return;
    }
    if (done.has(path)) return;
    for (const target of next.get(path) ?? []) walk(target, [...way, path]);
    done.add(path);
  };
  for (const path of next.keys()) walk(path, []);
  return found;
}

function lengthBreaches(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const lines = text.split("\n").length - 1;
    return lines > longestFile && !madeFiles.includes(path) ? [`${path} has ${lines} lines, more than ${longestFile}`] : [];
  });
}
