import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { root } from "../../../build/paths.ts";

/** Which of these the compiler refuses in a file of a runtime, because there is no such name. */
function refused(runtime: string, expressions: readonly string[]): (string | undefined)[] {
  const { config } = ts.readConfigFile(join(root, "build", `tsconfig.${runtime}.json`), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, "build"));
  const path = join(root, runtime, "inTheWrongPlace.ts");
  const text = `export const found = [\n${expressions.join(",\n")},\n];\n`;
  const host = ts.createCompilerHost(options, true);
  const readFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version) => (name === path ? ts.createSourceFile(name, text, version, true) : readFile(name, version));
  const program = ts.createProgram([path, ...fileNames.filter((name) => name.endsWith(".d.ts"))], options, host);
  const source = program.getSourceFile(path)!;
  return ts.getPreEmitDiagnostics(program, source).map(({ messageText, start }) => {
    const { line } = source.getLineAndCharacterOfPosition(start!);
    const says = ts.flattenDiagnosticMessageText(messageText, " ");
    return /^Cannot find name/.test(says) ? expressions[line - 1] : says;
  });
}

it.each([
  ["main", ["document.title", "window.innerWidth"], ["process.pid", "new URL('https://example.org').host"]],
  ["preload", ["document.title"], ["process.platform"]],
  ["renderer", ["process.pid", "Buffer.from('')"], ["document.title", "new TextEncoder().encode('')"]],
  ["shared", ["document.title", "process.pid"], ["new URL('https://example.org').host", "new TextEncoder().encode('').length"]],
])(
  "%s compiles with what its runtime has, and with nothing else",
  (runtime, wrong, right) => {
    expect(refused(runtime, [...wrong, ...right])).toEqual(wrong);
  },
  60_000,
);
