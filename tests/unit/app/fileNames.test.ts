import { afterEach, expect, test, vi } from "vitest";
import { fileNameOf } from "../../../main/app/fileNames.ts";
import { applyLanguage } from "../../../main/app/language.ts";
import { inFileName } from "../../../main/storage/suggestedName.ts";

vi.mock("electron", () => ({ app: { commandLine: { getSwitchValue: () => "" }, getPreferredSystemLanguages: () => ["en"] } }));
afterEach(() => void applyLanguage("en"));

const key = { holds: "security_key", of: inFileName("@alice:example.org"), ending: "txt" } as const;
const rows = { holds: "create_users", of: "2026-11-29", part: "not_done", ending: "csv" } as const;

test("a file is named in the person's language, from one moment to the next", async () => {
  applyLanguage("en");
  expect(await Promise.all([key, rows].map(fileNameOf))).toEqual([
    "Security Key alice example.org.txt",
    "New users 2026-11-29 not done.csv",
  ]);
  applyLanguage("de");
  expect(await Promise.all([key, rows].map(fileNameOf))).toEqual([
    "Sicherheitsschlüssel alice example.org.txt",
    "Neue Benutzer 2026-11-29 nicht erledigt.csv",
  ]);
});

test("what a server calls somebody leads to no other folder", () => {
  expect(inFileName("@a/../b:one.test:8448")).toBe("a .. b one.test 8448");
  expect(inFileName("@müller\\\n:x")).toBe("müller x");
});
