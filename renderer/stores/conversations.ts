import { create } from "zustand";

/**
 * A store of conversations that live in main, oldest first: each is sent whole at every change, and all of them are asked for
 * by a window that was loaded again.
 *
 * @param idOf what stays the same of one
 * @param list asks main for those that it remembers
 * @param begunAt when one was begun, where main does not tell of the oldest first
 */
export function createConversations<C, I>(
  idOf: (conversation: C) => I,
  list: () => Promise<readonly C[]>,
  begunAt: (conversation: C) => number = () => 0,
) {
  const use = create<{ readonly open: readonly C[] }>()(() => ({ open: [] }));
  /** What has become known while main was asked for all: it is newer than the answer. */
  const asking = new Set<{ readonly ids: Set<I>; readonly forgotten: ((conversation: C) => boolean)[] }>();
  const isNewerThanAnswer = (id: I): void => asking.forEach(({ ids }) => ids.add(id));
  /** Takes in a conversation as it is now. */
  const changed = (conversation: C): void => {
    const id = idOf(conversation);
    isNewerThanAnswer(id);
    use.setState(({ open }) => {
      const isKnown = open.some((other) => idOf(other) === id);
      const all = isKnown ? open.map((other) => (idOf(other) === id ? conversation : other)) : [...open, conversation];
      return { open: all.sort((a, b) => begunAt(a) - begunAt(b)) };
    });
  };
  return {
    use,
    changed,
    /** Forgets those. */
    forget: (isMeant: (conversation: C) => boolean): void => {
      for (const { forgotten } of asking) forgotten.push(isMeant);
      use.setState(({ open }) => ({ open: open.filter((one) => !isMeant(one)) }));
    },
    /** Forgets one. */
    gone: (id: I): void => {
      isNewerThanAnswer(id);
      use.setState(({ open }) => ({ open: open.filter((one) => idOf(one) !== id) }));
    },
    /** Takes in all that main remembers, but for what has been told or forgotten since it was asked. @throws RequestFailure */
    load: async (): Promise<void> => {
      const since = { ids: new Set<I>(), forgotten: [] as ((conversation: C) => boolean)[] };
      asking.add(since);
      try {
        for (const conversation of await list()) {
          if (!since.ids.has(idOf(conversation)) && !since.forgotten.some((isMeant) => isMeant(conversation))) changed(conversation);
        }
      } finally {
        asking.delete(since);
      }
    },
  };
}
