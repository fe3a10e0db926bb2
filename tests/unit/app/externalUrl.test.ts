import { describe, expect, test } from "vitest";
import { parseExternalUrl } from "../../../main/app/externalUrl.ts";

describe("addresses that may leave the app", () => {
  test.each([
    ["https://matrix.org", "https://matrix.org/"],
    ["HTTPS://Matrix.org/a?b=c#d", "https://matrix.org/a?b=c#d"],
    ["http://localhost:8008/_matrix", "http://localhost:8008/_matrix"],
    ["https://bücher.example/", "https://xn--bcher-kva.example/"],
    ["https://[::1]:8448/", "https://[::1]:8448/"],
    ["https://matrix.org/#/@me:matrix.org", "https://matrix.org/#/@me:matrix.org"],
  ])("%s", (text, href) => {
    expect(parseExternalUrl(text)?.href).toBe(href);
  });

  test.each([
    "",
    "matrix.org",
    "//matrix.org",
    "https:",
    "https:matrix.org",
    "https:/matrix.org",
    "https:///matrix.org",
    "https:\\\\matrix.org",
    "https://matrix.org\\@evil.example",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "javascript://%0aalert(1)",
    "data:text/html,x",
    "smb://host/share",
    "ftp://host/",
    "mailto:a@b.example",
    "ms-settings:privacy",
    "vbscript:x",
    "steward://x",
    "app://steward/index.html",
    "https://user@matrix.org/",
    "https://user:pass@matrix.org/",
    "https://@matrix.org/",
    "https://:@matrix.org/",
    " https://matrix.org",
    "https://matrix.org ",
    "https://matrix.org/a b",
    "\thttps://matrix.org",
    "ht\ntps://matrix.org",
    "https://mat\trix.org",
    "https://matrix.org/\0",
    "https://matrix.org/\u00a0",
    "https://matrix.org/\u2028",
    "https://exa mple.org",
    "https://[::1",
    "https://%00/",
    "blob:https://matrix.org/1",
    "view-source:https://matrix.org",
  ])("refuses %j", (text) => {
    expect(parseExternalUrl(text)).toBeNull();
  });
});
