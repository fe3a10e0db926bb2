import { beforeEach, expect, test, vi } from "vitest";
import { dismissUpdate, updateNotice, updatesChanged, useUpdates } from "../../../renderer/stores/updates.ts";
import type { UpdateDownload } from "../../../shared/contract/updates.ts";

beforeEach(() => {
  vi.stubGlobal("window", { steward: {} });
  return () => vi.unstubAllGlobals();
});

/** What is said on every page, once main has told this. */
function said(download: UpdateDownload) {
  const newer = { version: "9.1.0", notes: "", page: "https://steward.example", sizeBytes: 9 };
  updatesChanged({ supported: true, checkedAt: 1, newer, download });
  return updateNotice(useUpdates.getState());
}

test("a notice of a newer version that was put off comes back when there is more to say, and says why it could not be had", () => {
  const error = { kind: "update_not_as_announced" } as const;
  for (const [download, notice] of [
    [{ phase: "none" }, { ready: false, error: null }],
    [{ phase: "ready" }, { ready: true, error: null }],
    [
      { phase: "failed", error },
      { ready: false, error },
    ],
  ] as const) {
    expect(said(download)).toEqual({ version: "9.1.0", ...notice });
    dismissUpdate(said(download)!);
    expect(said(download)).toBeNull();
  }
});
