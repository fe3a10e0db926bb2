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
  /** Takes in a conversation as it is now. */
  const changed = (conversation: C): void => {
    const id = idOf(conversation);
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
    forget: (isMeant: (conversation: C) => boolean): void => use.setState(({ open }) => ({ open: open.filter((one) => !isMeant(one)) })),
    /** Forgets one. */
    gone: (id: I): void => use.setState(({ open }) => ({ open: open.filter((one) => idOf(one) !== id) })),
    /** Takes in all that main remembers. @throws RequestFailure */
    load: async (): Promise<void> => {
      for (const conversation of await list()) changed(conversation);
    },
  };
}
