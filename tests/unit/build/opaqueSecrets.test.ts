import { join } from "node:path";
import { ESLint } from "eslint";
import ts from "typescript";
import { expect, it } from "vitest";
import { root } from "../../../build/paths.ts";

const HEAD = `import type * as z from "zod";
import type { signIn } from "../../shared/contract/signIn.ts";
import type { AccessToken, Secret, StorageKey } from "../../shared/secret.ts";
declare const token: AccessToken | null;
declare const other: Secret;
declare const key: StorageKey;
declare const same: StorageKey;
declare const typed: z.output<typeof signIn.requests.again.input>;
export const made = [`;

/** A program of this one file and what it imports: that of the whole project would take long. */
function programOf(path: string, text: string): ts.Program {
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config, ts.sys, root);
  const host = ts.createCompilerHost(options, true);
  const readFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version) => (name === path ? ts.createSourceFile(name, text, version, true) : readFile(name, version));
  return ts.createProgram([path], { ...options, types: [] }, host);
}

/** The lines of a file of `main` that ESLint refuses because of a secret, each with its rule. */
async function refused(file: string, lines: readonly string[]): Promise<string[]> {
  const filePath = join(root, file);
  const text = `${HEAD}\n${lines.map((line) => `  ${line},\n`).join("")}];\n`;
  const parserOptions = { projectService: false, programs: [programOf(filePath, text)] };
  const overrideConfigFile = join(root, "eslint.config.mjs");
  const eslint = new ESLint({ cwd: root, overrideConfigFile, overrideConfig: { files: ["**/*.ts"], languageOptions: { parserOptions } } });
  const [result] = await eslint.lintText(text, { filePath });
  return result!.messages.map(
    ({ line, ruleId, messageId }) =>
      `${lines[line - HEAD.split("\n").length - 1]}: ${messageId === "opened" ? "opened" : ruleId?.split("/").at(-1)}`,
  );
}

// What the compiler lets pass and would write [secret] somewhere, or the secret itself.
it("a secret is neither printed, nor joined to a text, nor compared, nor opened by whom it does not concern", async () => {
  const wrong = {
    '"Bearer " + other': "restrict-plus-operands",
    "`Bearer ${other}`": "restrict-template-expressions",
    "`Bearer ${token}`": "restrict-template-expressions",
    "String(other)": "opaque-secrets",
    "other.toString()": "opaque-secrets",
    "JSON.stringify(other)": "opaque-secrets",
    "JSON.stringify({ deep: [{ token }] })": "opaque-secrets",
    "other === token": "opaque-secrets",
    "other.reveal()": "opened",
    "token?.reveal()": "opened",
    "[other].map((one) => one.reveal())": "opened",
    "JSON.stringify(typed)": "opaque-secrets",
    '"key " + key': "restrict-plus-operands",
    "`${key}`": "restrict-template-expressions",
    "String(key)": "opaque-secrets",
    "JSON.stringify([{ key }])": "opaque-secrets",
    "key === same": "opaque-secrets",
    "key.reveal().at(0)": "opened",
    "`${typed.password}`": "restrict-template-expressions",
    "typed.password.reveal()": "opened",
  };
  const right = [
    "token === null",
    "token?.equals(other)",
    "key.equals(same)",
    "JSON.stringify(key.length)",
    "JSON.stringify({ length: other.length })",
    "new Date().toString()",
    "({ reveal: () => 1 }).reveal()",
  ];
  const found = await refused("main/sessions/signIn.ts", [...Object.keys(wrong), ...right]);
  expect(found).toEqual(Object.entries(wrong).map(([line, rule]) => `${line}: ${rule}`));
  expect(
    await refused("main/http/sdkFetch.ts", [
      "other.reveal()",
      "token?.reveal()",
      "typed.password.reveal()",
      "key.reveal()",
      "key.equals(same)",
      "String(other)",
    ]),
  ).toEqual(["String(other): opaque-secrets"]);
}, 60_000);
