import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Shell, startShell } from "./shell.ts";

let shell: Shell;
beforeAll(async () => {
  shell = await startShell();
}, 60_000);
afterAll(() => shell.close());

interface Answer {
  status: number;
  type: string | null;
  policy: string | null;
  text: string;
}

/** Asks the way a page would, but without the page's policy in between; null when the request itself is refused. */
function ask(url: string, method = "GET"): Promise<Answer | null> {
  return shell.app.evaluate(
    async ({ session }, { url, method }) => {
      try {
        const response = await session.fromPartition("steward").fetch(url, { method });
        return {
          status: response.status,
          type: response.headers.get("content-type"),
          policy: response.headers.get("content-security-policy"),
          text: await response.text(),
        };
      } catch {
        return null;
      }
    },
    { url, method },
  );
}

describe("app:// in the running app", () => {
  test("serves the page, its script and its style", async () => {
    expect(await ask("app://steward/index.html")).toMatchObject({ status: 200, type: "text/html; charset=utf-8" });
    expect(await ask("app://steward/main.js")).toMatchObject({ status: 200, type: "text/javascript; charset=utf-8" });
    expect(await ask("app://steward/main.css")).toMatchObject({ status: 200, type: "text/css; charset=utf-8" });
    expect((await ask("app://steward/crashed.html"))?.policy).toContain("default-src 'none'");
  });

  test.each([
    "app://steward/../../package.json",
    "app://steward/%2e%2e/%2e%2e/package.json",
    "app://steward/..%2f..%2fpackage.json",
    "app://steward/..%5c..%5cpackage.json",
    "app://steward/..\\..\\package.json",
    "app://steward/%252e%252e%252f%252e%252e%252fpackage.json",
    "app://steward/%2e%2e%5cmain/index.cjs",
    "app://steward/../main/index.cjs",
    "app://steward//etc/passwd",
    "app://steward/index.html%00",
    "app://steward/avatars/..%2f..%2fx",
    "app://steward/avatars/abcdefghijklmnop",
    "app://other/index.html",
    "app://steward.example/index.html",
    "app://127.0.0.1/index.html",
  ])("refuses %s", async (url) => {
    const answer = await ask(url);
    expect(answer?.status ?? 404).toBe(404);
    expect(answer?.text ?? "").toBe("");
  });

  test("answers nothing but GET", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) {
      expect((await ask("app://steward/index.html", method))?.status ?? 405).toBe(405);
    }
  });
});
