import { describe, expect, it } from "vitest";
import { isLocalhost, isLoopback, loopbackFetch } from "../../../main/http/loopback.ts";
import { isInsecureHttp } from "../../../main/sessions/wellKnown.ts";
import { AppFailure } from "../../../shared/errors.ts";

const hostOf = (url: string): string => new URL(url).hostname;

const OF_THIS_COMPUTER = [
  "http://localhost:8008", "http://LOCALHOST", "http://localhost.", "http://127.0.0.1", "http://127.1", "http://0x7f.0.0.1",
  "http://2130706433", "http://127.255.255.254:1", "http://[::1]:1", "http://[0:0:0:0:0:0:0:1]",
]; // prettier-ignore

const OF_OTHERS = [
  "http://127.0.0.1.evil.example", "http://127.evil.example", "http://127.0.0.evil.example", "http://localhost.evil.example",
  "http://evil-localhost", "http://notlocalhost", "http://128.0.0.1", "http://0.0.0.0", "http://[::2]", "http://[::1:1]",
  "http://1.27.0.1", "http://example.org/127.0.0.1", "http://localhost@example.org", "http://127.0.0.1@example.org",
]; // prettier-ignore

describe("an address of this computer", () => {
  it.each(OF_THIS_COMPUTER)("is %s", (url) => {
    expect(isLoopback(hostOf(url))).toBe(true);
    expect(isInsecureHttp(url)).toBe(false);
  });

  it.each(OF_OTHERS)("is not %s", (url) => {
    expect(isLoopback(hostOf(url))).toBe(false);
    expect(isLocalhost(hostOf(url))).toBe(false);
    expect(isInsecureHttp(url)).toBe(true);
  });

  it("is a name below localhost for plain http, and not for a trial", () => {
    expect([isLocalhost("a.localhost"), isLoopback("a.localhost"), isLocalhost(".localhost")]).toEqual([true, false, false]);
  });
});

describe("loopbackFetch", () => {
  it("reaches this computer alone, and follows no redirect by itself", async () => {
    const asked: [string, string | undefined][] = [];
    const fetch = loopbackFetch((input, init) => {
      asked.push([input instanceof Request ? input.url : String(input), init?.redirect]);
      return Promise.resolve(new Response());
    });
    await fetch("http://127.0.0.1:8008/x");
    await fetch(new URL("https://localhost/"), { redirect: "manual" });
    for (const url of ["https://matrix.org/", "http://127.0.0.1.evil.example/", new Request("https://example.org")]) {
      const failure: unknown = await fetch(url).catch((thrown: unknown) => thrown);
      expect(failure).toBeInstanceOf(AppFailure);
      expect((failure as AppFailure).error.kind).toBe("this_computer_only");
    }
    expect(asked).toEqual([
      ["http://127.0.0.1:8008/x", "error"],
      ["https://localhost/", "manual"],
    ]);
  });
});
