import ts from "typescript";
import type { Sources } from "./architecture.ts";

/** What main does in one place alone, so that its rules are kept once: a word that gives it away, and where it may stand. */
const onePlace: readonly { what: string; gives: (found: Found) => boolean; places: readonly string[] }[] = [
  {
    what: "the network: what sends gets its `fetch` as an argument",
    gives: ({ globals, packages }) => globals.has("fetch") || packages.has("undici"),
    places: ["main/http/", "main/app/serverFetch.ts"],
  },
  {
    what: "a token in a request: HomeserverClient puts it there",
    gives: ({ texts }) => texts.has("authorization"),
    places: ["main/http/homeserverClient.ts", "main/http/sdkFetch.ts", "main/http/redirects.ts"],
  },
  {
    what: "how long a server wants to be left alone: retryAfter.ts reads it",
    gives: ({ texts }) => texts.has("retry-after"),
    places: ["main/http/retryAfter.ts"],
  },
  {
    what: "the system's certificates",
    gives: ({ texts, names }) => names.has("getCACertificates") || texts.has("getcacertificates"),
    places: ["main/http/systemCertificates.ts"],
  },
  {
    what: "a promise that is waited for no longer than so long",
    gives: ({ racesTime }) => racesTime,
    // A tunnel that takes too long is not left to itself.
    places: ["main/storage/inTime.ts", "main/http/proxy/"],
  },
];

/** None of the above without one of these. */
const WORDS = /fetch|undici|authorization|retry-after|getCACertificates|setTimeout|Promise\.race/i;

/** What stands in a file. */
interface Found {
  /** Text literals, in small letters. */
  texts: ReadonlySet<string>;
  names: ReadonlySet<string>;
  /** Functions that are called, or read from `globalThis`, and that nothing in the file declares. */
  globals: ReadonlySet<string>;
  packages: ReadonlySet<string>;
  /** Whether a promise is settled by a timer, or raced against one. */
  racesTime: boolean;
}

/** Whether it is `new Promise(...)` or `Promise.race(...)`. */
function isOpenPromise(node: ts.Node): node is ts.NewExpression | ts.CallExpression {
  if (ts.isNewExpression(node)) return node.expression.getText() === "Promise";
  return ts.isCallExpression(node) && node.expression.getText() === "Promise.race";
}

const startsTimer = (node: ts.Node): boolean =>
  (ts.isCallExpression(node) && ["setTimeout", "pause"].includes(node.expression.getText())) ||
  Boolean(ts.forEachChild(node, (child) => startsTimer(child) || undefined));

function foundIn(path: string, text: string): Found {
  const [texts, names, called, declared, packages] = Array.from({ length: 5 }, () => new Set<string>()) as [
    Set<string>,
    Set<string>,
    Set<string>,
    Set<string>,
    Set<string>,
  ];
  const fromGlobal = new Set<string>();
  let racesTime = false;
  const visit = (node: ts.Node): void => {
    racesTime ||= isOpenPromise(node) && startsTimer(node);
    if (ts.isStringLiteralLike(node)) texts.add(node.text.toLowerCase());
    if (ts.isIdentifier(node)) names.add(node.text);
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) called.add(node.expression.text);
    if (ts.isPropertyAccessExpression(node) && ["globalThis", "net", "session"].includes(node.expression.getText()))
      fromGlobal.add(node.name.text);
    const declares =
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isVariableDeclaration(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isImportSpecifier(node);
    if (declares && node.name && ts.isIdentifier(node.name)) declared.add(node.name.text);
    if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly && ts.isStringLiteral(node.moduleSpecifier))
      packages.add(node.moduleSpecifier.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return { texts, names, packages, racesTime, globals: new Set([...fromGlobal, ...[...called].filter((name) => !declared.has(name))]) };
}

/** Every file of main that does what has its place elsewhere, a sentence each. */
export function misplaced(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    // Parsing takes long: most files do not even have one of the words.
    if (!path.startsWith("main/") || !path.endsWith(".ts") || !WORDS.test(text)) return [];
    const found = foundIn(path, text);
    return onePlace.flatMap(({ what, gives, places }) =>
      gives(found) && !places.some((place) => path.startsWith(place)) ? [`${path} has what belongs to ${places.join(", ")}: ${what}`] : [],
    );
  });
}
