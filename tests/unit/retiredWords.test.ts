import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/paths.ts";

/**
 * Words that only this project used, and how often each is still found in names of files and in code. A number may fall,
 * and then it is written down here; it may not rise. CONTRIBUTING.md has the words to use instead.
 */
const left: Readonly<Record<string, number>> = {
  behindTheWindow: 0,
  engineGlobals: 0,
  plainSchemas: 0,
  fillIns: 0,
  "fill-ins": 0,
  settleWithin: 0,
  brieflyCopied: 0,
  accountDatabases: 0,
  databaseMirror: 0,
  accountServer: 0,
  carryOver: 0,
  carriedOver: 0,
  handOver: 12,
  takeFromBackup: 0,
  backupTransfer: 0,
  encryptionAccess: 0,
  newIdentity: 0,
  setUpWork: 0,
  pendingSetUp: 60,
  keptKey: 130,
  cryptoPool: 0,
  cryptoThread: 0,
  roomKeysThread: 0,
  runThread: 0,
  threadHost: 0,
  joinSignals: 0,
  keyIndex: 0,
  ownKeys: 24,
  sessionRoomKeys: 0,
  sessionStore: 0,
  aftermath: 0,
  beginAnew: 0,
  nextDevice: 0,
  newSecrets: 0,
  fetchStaying: 0,
  useAlone: 7,
  MOST_: 0,
  LONGEST_: 0,
  laterStyles: 2,
  useGrowing: 0,
  keepingOf: 11,
  useFix: 0,
  softLoggedOut: 20,
  placeAside: 6,
  deafServers: 0,
  waysOut: 0,
};

test("retired words do not come back", () => {
  const paths = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((path) => /^(?:main|preload|renderer|shared|tests|build)\/.*\.(?:tsx?|mjs)$/.test(path))
    .filter((path) => path !== "tests/unit/retiredWords.test.ts" && existsSync(join(root, path)));
  const text = paths.map((path) => `${path}\n${readFileSync(join(root, path), "utf8")}`).join("\n");
  // In camel case a word begins with a capital, so that `unknownKeys` is not `ownKeys`.
  const patternOf = (word: string) =>
    new RegExp(word.endsWith("_") ? word : `(?<![A-Za-z])${word}|${word[0]?.toUpperCase()}${word.slice(1)}`, "g");
  const found = Object.keys(left).map((word) => [word, text.match(patternOf(word))?.length ?? 0]);
  expect(Object.fromEntries(found)).toEqual(left);
});
