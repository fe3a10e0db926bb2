/** What main both answers and tells of by events, as the renderer takes it in. */
export interface Latest<T> {
  /** Takes in what an event has told, or the answer to a change. It is newer than any answer that is under way. */
  readonly told: (value: T) => void;
  /** Asks main for it. An answer is not taken in when something was told, or a later one has come, since it was asked for. @throws RequestFailure */
  readonly load: () => Promise<void>;
}

/**
 * The one way to load a thing that is told whole: whatever is newest stays, in whichever order it comes.
 *
 * @param ask asks main for it
 * @param take puts it where views read it
 */
export function createLatest<T>(ask: () => Promise<T>, take: (value: T) => void): Latest<T> {
  /** The number of the last request or event, and of the newest that was taken in. */
  let last = 0;
  let taken = 0;
  const takeIn = (turn: number, value: T): void => {
    if (turn <= taken) return;
    taken = turn;
    take(value);
  };
  return {
    told: (value) => takeIn(++last, value),
    load: async () => {
      const turn = ++last;
      takeIn(turn, await ask());
    },
  };
}
