import { expect, test } from "vitest";
import { createConversations } from "../../../renderer/stores/conversations.ts";

interface Talk {
  readonly id: string;
  readonly at: number;
  readonly says: string;
}

const talk = (id: string, at: number, says = "begun"): Talk => ({ id, at, says });
const words = (open: readonly Talk[]): string[] => open.map(({ id, says }) => `${id} ${says}`);

test("a conversation is taken in whole at every change, in the place it has", () => {
  const { use, changed, gone, forget } = createConversations<Talk, string>(
    ({ id }) => id,
    () => Promise.resolve([]),
  );
  for (const one of [talk("a", 3), talk("b", 1), talk("c", 2), talk("a", 3, "done")]) changed(one);
  expect(words(use.getState().open)).toEqual(["a done", "b begun", "c begun"]);
  gone("b");
  gone("b");
  forget(({ says }) => says === "done");
  expect(words(use.getState().open)).toEqual(["c begun"]);
});

test("what main remembers comes before what has begun since, and where main tells the newest first as well", async () => {
  const kept = [talk("b", 2), talk("a", 1, "done")];
  const { use, changed, load } = createConversations<Talk, string>(
    ({ id }) => id,
    () => Promise.resolve(kept),
    ({ at }) => at,
  );
  changed(talk("c", 3));
  await load();
  expect(words(use.getState().open)).toEqual(["a done", "b begun", "c begun"]);
});

test("what was told or forgotten while main was asked for all is newer than its answer", async () => {
  let answer: (kept: readonly Talk[]) => void = () => undefined;
  const { use, changed, gone, forget, load } = createConversations<Talk, string>(
    ({ id }) => id,
    () => new Promise((resolve) => (answer = resolve)),
  );
  const loading = load();
  changed(talk("a", 1, "done"));
  gone("b");
  forget(({ says }) => says === "over");
  answer([talk("a", 1), talk("b", 2), talk("c", 3, "over"), talk("d", 4)]);
  await loading;
  expect(words(use.getState().open)).toEqual(["a done", "d begun"]);
  const again = load();
  answer([talk("b", 2)]);
  await again;
  expect(words(use.getState().open)).toEqual(["a done", "d begun", "b begun"]);
});
