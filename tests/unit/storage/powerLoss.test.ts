import { describe, expect, it, vi } from "vitest";
import { works } from "../../support/keptWorks.ts";
import { PowerCutDisk } from "../../support/powerCutDisk.ts";
import { cutEverywhere } from "../../support/powerCuts.ts";
import { soak } from "../../support/soak.ts";

vi.setConfig({ testTimeout: soak ? 600_000 : 60_000 });

describe("when the power goes at any moment", () => {
  it.each(Object.entries(works))("%s: nothing that was said to be kept is lost", async (_what, begin) => {
    expect(await cutEverywhere(begin)).toBeGreaterThan(5);
  });
});

describe("a disk on which sync does nothing", () => {
  /** Only names change there. */
  const noContent = /crypto store that takes|not finished/;
  const cases = Object.keys(works).flatMap((what) =>
    (["file", "folder"] as const).flatMap((kind) => (kind === "file" && noContent.test(what) ? [] : [[kind, what] as const])),
  );

  it.each(cases)("is found out, for a %s: %s", async (kind, what) => {
    const disk = (): PowerCutDisk => new PowerCutDisk({ ignoresSync: (synced) => synced === kind });
    await expect(cutEverywhere(works[what] as (typeof works)[string], { disk, mixed: 100 })).rejects.toThrow();
  });
});
