import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { announcement, notesOf } from "../../../build/announce.ts";
import { UpdatesService, type UpdatesParts } from "../../../main/app/updates.ts";
import { isNewer } from "../../../main/app/versions.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";
import { quietLogger } from "../../support/quietLogger.ts";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const spki = publicKey.export({ format: "der", type: "spki" }).toString("base64");
const newer = { version: "1.3.0", notes: "<b>Less</b> to do", page: "https://steward.example/get", files: [] };

let server: LocalServer;
let answer: { status: number; body: string };
let emitted: string[];
let opened: string[];

beforeEach(async () => {
  answer = { status: 200, body: announcement(newer, pem) };
  [emitted, opened] = [[], []];
  server = await LocalServer.start(
    (response) => void response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body),
  );
});
afterEach(() => server.stop());

function service(given: Partial<UpdatesParts> = {}): UpdatesService {
  return new UpdatesService({
    feed: { url: `${server.baseUrl}/steward`, publicKey: spki },
    version: "1.2.0",
    fetch: globalThis.fetch,
    target: () => Promise.resolve(null),
    folder: join(tmpdir(), "steward-without-updates"),
    openUpdater: () => Promise.reject(new Error("nothing is downloaded here")),
    endWith: () => undefined,
    openPage: (url) => Promise.resolve(opened.push(url)),
    emit: (channel) => emitted.push(channel),
    logger: quietLogger,
    ...given,
  });
}

describe("newer versions", () => {
  test("are told of, with what is new as text, and lead to their page", async () => {
    const updates = service();
    expect(updates.state()).toEqual({ supported: true, checkedAt: null, newer: null, download: { phase: "none" } });
    expect(server.arrived).toEqual([]);
    expect(await errorOf(updates.openPage())).toMatchObject({ kind: "not_found" });
    const { files: _files, ...said } = newer;
    expect(await updates.check()).toMatchObject({ supported: true, newer: { ...said, sizeBytes: null } });
    expect(server.arrived.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /steward/latest.json"]);
    // Nothing in it says who asks.
    expect(server.arrived[0]?.headers).not.toHaveProperty("authorization");
    expect(server.arrived[0]?.headers).not.toHaveProperty("cookie");
    expect(emitted).toEqual(["updates.changed"]);
    await updates.openPage();
    expect(opened).toEqual([newer.page]);
  });

  test.each(["1.2.0", "1.1.9", "0.9.0"])("are none where %s is announced", async (version) => {
    answer.body = announcement({ ...newer, version }, pem);
    expect(await service().check()).toMatchObject({ newer: null });
  });

  test("are believed only where they are signed with the key that this copy was built with", async () => {
    const other = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    const { signature } = JSON.parse(announcement(newer, pem)) as { signature: string };
    const changed = JSON.stringify({ ...newer, page: "https://thief.example" });
    const wrong = [
      announcement(newer, other),
      JSON.stringify({ announcement: changed, signature }),
      JSON.stringify({ announcement: changed, signature: "" }),
      announcement({ ...newer, page: "http://steward.example" }, pem),
      announcement({ ...newer, page: "javascript:alert(1)" }, pem),
      JSON.stringify(newer),
      "<html>",
      "",
    ];
    const updates = service();
    for (const body of wrong) {
      answer.body = body;
      expect(await errorOf(updates.check()), body).toMatchObject({ kind: "bad_answer" });
    }
    expect(updates.state().newer).toBeNull();
    expect(emitted).toEqual([]);
  });

  test("are looked for without being asked only where the person wants it, and what fails there is no news", async () => {
    const updates = service();
    updates.lookDaily(false);
    expect(server.arrived).toEqual([]);
    let told = (): void => undefined;
    const first = new Promise<void>((resolve) => (told = resolve));
    const looking = service({ emit: () => told() });
    looking.lookDaily(true);
    looking.lookDaily(true);
    await first;
    expect(server.arrived).toHaveLength(1);
    looking.lookDaily(false);
  });

  test("are never looked for by a copy that wasn't told where", async () => {
    const updates = service({ feed: null });
    updates.lookDaily(true);
    expect(updates.state().supported).toBe(false);
    expect(await errorOf(updates.check())).toMatchObject({ kind: "not_found" });
    expect(server.arrived).toEqual([]);
  });
});

test("versions are compared as semantic versioning has it", () => {
  const inOrder = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.10.0",
    "2.0.0",
  ];
  for (const [index, one] of inOrder.entries()) {
    expect(isNewer(one, one)).toBe(false);
    for (const before of inOrder.slice(0, index))
      expect([isNewer(one, before), isNewer(before, one)], `${one} ${before}`).toEqual([true, false]);
  }
  for (const none of ["", "1", "1.2", "v1.2.3", "1.2.3.4", "9999999999.0.0"]) expect(isNewer(none, "0.0.1")).toBe(false);
});

test("what is new is taken from the change log", () => {
  const log = "# Changelog\n\n## 1.1.0 (2026-12-01)\n\n- Second\n\n## 1.0.0\n\n- First\n";
  expect([notesOf(log, "1.1.0"), notesOf(log, "1.0.0"), notesOf(log, "2.0.0")]).toEqual(["- Second", "- First", ""]);
});
