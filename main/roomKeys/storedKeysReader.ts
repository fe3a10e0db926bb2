import type { InboundGroupSession, OlmMachine } from "@matrix-org/matrix-sdk-crypto-wasm";
import { StoreCopy } from "../cryptoStore/storeCopy.ts";
import type { CopiedRecord, RecordRange } from "../cryptoStore/index.ts";
import { openCryptoMachine } from "../sdk/olmMachine.ts";
import { fail } from "../../shared/errors.ts";
import type { CryptoStoreSnapshot } from "./cryptoStoreSnapshot.ts";
import type { WorkerHost } from "./workerHost.ts";

/**
 * Keys that are read at once. The engine takes the longer for each, the more there are in its object store; with fewer,
 * what each piece costs by itself begins to show.
 */
const PIECE = 50;

/** Some of a session's room keys, and where they lie. */
export interface StoredKeys {
  /** As elements of a key file. */
  keys: unknown[];
  /** How many were looked at. */
  looked: number;
  range: Pick<RecordRange, "after" | "upTo">;
}

/**
 * Reads a session's room keys out of a copy of its crypto store, by a second crypto machine in this thread: the machine
 * takes them in one go, blocks its thread meanwhile, and holds them all in memory. So the copy has only a piece of them
 * at a time. The machine never sends anything, and what it writes goes into the copy.
 */
export class StoredKeysReader {
  readonly #session: CryptoStoreSnapshot;
  readonly #host: WorkerHost;
  readonly #copy: StoreCopy;
  readonly #machine: OlmMachine;

  private constructor(session: CryptoStoreSnapshot, host: WorkerHost, copy: StoreCopy, machine: OlmMachine) {
    this.#session = session;
    this.#host = host;
    this.#copy = copy;
    this.#machine = machine;
  }

  /** Opens the copy. Throws what the crypto WASM throws when the key does not open it. */
  static async open(session: CryptoStoreSnapshot, host: WorkerHost): Promise<StoredKeysReader> {
    const copy = await StoreCopy.open(session.outlines);
    const machine = await openCryptoMachine({ ...session, databasePrefix: copy.databasePrefix });
    return new StoredKeysReader(session, host, copy, machine);
  }

  /**
   * All room keys, or those of some rooms, piece by piece. A key that comes into the store meanwhile may be missing.
   * Throws `cancelled`.
   */
  async *all(rooms: ReadonlySet<string> | null): AsyncGenerator<StoredKeys, void> {
    let after: RecordRange["after"] = null;
    let coming = this.#read({ after, upTo: null });
    for (;;) {
      const { records, more } = await coming;
      const last = records.at(-1);
      if (!last) return;
      // Fetched while the machine, which blocks, is at work on this one.
      if (more) coming = this.#read({ after: last.key, upTo: null });
      yield { keys: await this.#open(records, rooms), looked: records.length, range: { after, upTo: last.key } };
      if (!more) return;
      after = last.key;
    }
  }

  /** Those of a piece that was read before. Throws `cancelled`. */
  async again(range: StoredKeys["range"], rooms: ReadonlySet<string> | null): Promise<unknown[]> {
    // More may have come between them.
    const { records } = await this.#read(range, Number.MAX_SAFE_INTEGER);
    return await this.#open(records, rooms);
  }

  /** Ends the machine. */
  close(): void {
    this.#machine.close();
  }

  #read(range: StoredKeys["range"], most = PIECE): ReturnType<WorkerHost["readStore"]> {
    const reading = this.#host.readStore({ ...range, most });
    // Whoever waits for it learns of it; one that was fetched ahead nobody may wait for.
    reading.catch(() => undefined);
    return reading;
  }

  async #open(records: readonly CopiedRecord[], rooms: ReadonlySet<string> | null): Promise<unknown[]> {
    if (this.#host.signal.aborted) throw fail("cancelled");
    const { database, store } = this.#session.keys;
    this.#copy.hold(database, store, records);
    const json = await this.#machine.exportRoomKeys((session) => take(session, rooms));
    return JSON.parse(json) as unknown[];
  }
}

function take(session: InboundGroupSession, rooms: ReadonlySet<string> | null): boolean {
  const { roomId } = session;
  const wanted = rooms === null || rooms.has(roomId.toString());
  roomId.free();
  session.free();
  return wanted;
}
