/**
 * The order in which a session asks for its own account's public keys. Steward and the SDK ask beside each other, and the
 * crypto machine believes what it hears last: an answer that was overtaken would take it back to what the server said before.
 */
export class KeysQueries {
  #count = 0;
  /** The latest of those whose answer was heard. */
  #newest = 0;
  readonly #asked = new Map<string, number>();
  readonly #overtaken = new Set<string>();
  #hearing: Promise<unknown> = Promise.resolve();

  /**
   * Asks, and asks again where the answer of a later query was heard before this one's.
   *
   * @param id of the request that the crypto machine has made
   * @param ask sends it, and has the machine hear the answer
   */
  async ask<T>(id: string, ask: () => Promise<T>): Promise<T> {
    try {
      for (;;) {
        this.#asked.set(id, (this.#count += 1));
        const result = await ask();
        if (!this.#overtaken.delete(id)) return result;
      }
    } finally {
      this.#asked.delete(id);
    }
  }

  /** Has the machine hear an answer, one after the other; false where it was overtaken and is not heard. */
  hear(id: string, hear: () => Promise<boolean>): Promise<boolean> {
    const heard = this.#hearing.then(() => (this.#mayHear(id) ? hear() : false));
    this.#hearing = heard.catch(() => undefined);
    return heard;
  }

  #mayHear(id: string): boolean {
    const number = this.#asked.get(id);
    if (number === undefined) return true;
    if (number < this.#newest) {
      this.#overtaken.add(id);
      return false;
    }
    this.#newest = number;
    return true;
  }
}

const queries = new WeakMap<object, KeysQueries>();

/** Notes the order of a crypto machine's queries. */
export function orderKeysQueries(machine: object): KeysQueries {
  const order = new KeysQueries();
  queries.set(machine, order);
  return order;
}

/** The order of the queries of a crypto machine, of a client that `openMatrixClient` has opened. */
export function keysQueriesOf(machine: object): KeysQueries {
  const order = queries.get(machine);
  if (!order) throw new Error("A crypto machine whose key queries have no order");
  return order;
}
