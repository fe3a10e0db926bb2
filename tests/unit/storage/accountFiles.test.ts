import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { AccountFiles } from "../../../main/storage/accountFiles.ts";
import { AccountId } from "../../../shared/ids.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const [one, other] = ["abcdefgh01234567", "abcdefgh76543210"].map((id) => AccountId.parse(id)) as [AccountId, AccountId];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let files: AccountFiles<number>;

beforeEach(async () => {
  folder = await temporaryFolder("account-files");
  files = new AccountFiles({
    fileOf: (accountId) => join(folder.path, `${accountId}.json`),
    schema: z.number(),
    onDamaged: () => undefined,
  });
});
afterEach(() => folder.remove());

/** Something that lasts until it is told to end. */
function held(): { task: () => Promise<void>; end: () => void } {
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  return { task: () => over, end: () => end() };
}

describe("the file of each account", () => {
  it("is its own, and one object for as long as the account is there", async () => {
    await files.of(one).write(1);
    expect(files.of(one)).toBe(files.of(one));
    expect(await files.of(other).read()).toBeNull();
    expect(await files.of(one).read()).toBe(1);
  });

  it("is used in turn, and does not hold up another account’s", async () => {
    const { task, end } = held();
    const order: string[] = [];
    const first = files.inTurn(one, task).then(() => order.push("first"));
    const second = files.inTurn(one, () => Promise.resolve(order.push("second")));
    await files.inTurn(other, () => Promise.resolve(order.push("other")));
    end();
    await Promise.all([first, second]);
    expect(order).toEqual(["other", "first", "second"]);
  });

  it("is over once the account is gone, and once the app ends, when what was under way has ended", async () => {
    const { task, end } = held();
    const order: string[] = [];
    const under = files.inTurn(one, task).then(() => order.push("written"));
    const forgetting = files.forget(one).then(() => order.push("forgotten"));
    expect([files.isOver(one), files.isOver(other)]).toEqual([true, false]);
    end();
    await Promise.all([under, forgetting]);
    expect(order).toEqual(["written", "forgotten"]);
    const last = held();
    void files.inTurn(other, last.task).then(() => order.push("last"));
    const stopping = files.stopAll().then(() => order.push("stopped"));
    expect(files.isOver(other)).toBe(true);
    last.end();
    await stopping;
    expect(order.slice(2)).toEqual(["last", "stopped"]);
  });
});
