import { describe, expect, it } from "vitest";
import { AccountRemoval } from "../../../main/sessions/accountRemoval.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { quietLogger } from "../../support/quietLogger.ts";

const accountId = "0000000000000001" as AccountId;

/** Removes an account of which four keep something; the second of them fails so. */
async function removeWith(failure: Error): Promise<{ removed: string[]; thrown: unknown }> {
  const removed: string[] = [];
  const removal = new AccountRemoval(async () => void removed.push("folder"), quietLogger);
  removal.join(() => void removed.push("first"));
  removal.join(() => Promise.reject(failure));
  removal.join(async () => void removed.push("third"));
  const thrown = await removal.remove(accountId).catch((error: unknown) => error);
  return { removed, thrown };
}

describe("the removal of an account", () => {
  it("leaves what a newer version keeps, and goes on", async () => {
    expect(await removeWith(fail("data_too_new", { file: "user-views.json" }))).toEqual({
      removed: ["first", "third", "folder"],
      thrown: undefined,
    });
  });

  it("ends where a file cannot be written, so that it can be tried again", async () => {
    const failure = fail("file_failed", { reason: "no_space" });
    expect(await removeWith(failure)).toEqual({ removed: ["first"], thrown: failure });
  });
});
