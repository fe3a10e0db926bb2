import type { JobProblem } from "../../shared/contract/jobs.ts";
import type { AppError } from "../../shared/errors.ts";
import type { Passphrase, PrivateKey } from "../../shared/secret.ts";
import type { RecordRange } from "../cryptoStore/index.ts";
import type { CryptoStoreSnapshot, StoredPiece } from "./cryptoStoreSnapshot.ts";

/** Work that a thread of its own does. What it needs of the server or the session it asks for by a call. */
export type RoomKeysTask =
  | {
      kind: "export";
      path: string;
      passphrase: Passphrase;
      /** Null: all rooms. */
      roomIds: string[] | null;
      /** Opens the backup that `pull` downloads. Null: there is none to be had. */
      backupKey: PrivateKey | null;
      /** Where this session's room keys are read. Null: it has none. */
      session: CryptoStoreSnapshot | null;
      /** Entries in the backup and in the session, for the progress. */
      total: number;
    }
  | {
      kind: "import";
      path: string;
      passphrase: Passphrase;
      /** Where the keys go besides the session. Null: there is no backup. */
      backup: {
        /** Base64. */
        publicKey: string;
        privateKey: PrivateKey;
      } | null;
      /** Where the keys are that the session has already. Null: it has none. */
      session: CryptoStoreSnapshot | null;
    }
  | { kind: "verify"; backupKey: PrivateKey; total: number }
  | { kind: "list"; hasBackup: boolean; session: CryptoStoreSnapshot | null }
  | { kind: "handOver"; session: CryptoStoreSnapshot }
  /** `session` is read by `readStore`, the store that its keys must be in by `readOtherStore`. */
  | { kind: "compareStores"; session: CryptoStoreSnapshot; other: CryptoStoreSnapshot }
  | { kind: "restore"; backupKey: PrivateKey }
  | {
      kind: "carry";
      /** Opens the backup that `pull` downloads. */
      fromKey: PrivateKey;
      /** Opens the backup that `pullInto` downloads. */
      intoKey: PrivateKey;
      /** Whether what the other backup lacks is delivered to it; if not, it is only counted. */
      send: boolean;
    }
  | {
      kind: "complete";
      /** Base64: seals for the backup that `pull` downloads. */
      publicKey: string;
      /** What must be in the backup. */
      session: CryptoStoreSnapshot;
      /** False: only looks. */
      send: boolean;
      /** Ids of entries that the server did not replace when it was sent a copy that opens more: not sent again. */
      refused: readonly string[];
    }
  | {
      kind: "prove";
      /** Opens the backup that `pull` downloads. */
      backupKey: PrivateKey;
      /** Where the keys must be. Null: the session has none. */
      session: CryptoStoreSnapshot | null;
    };

/** What each task ends with. */
export interface TaskResults {
  export: { exported: number; fromBackup: number; fromSession: number; broken: number };
  /** `kept`: of these the backup keeps a copy that opens less, and the session has the file's. Absent: there are none. */
  import: { new: number; better: number; alreadyThere: number; broken: number; kept?: number };
  verify: { good: number; broken: number };
  list: { rooms: [roomId: string, inBackup: number, inSession: number][] };
  handOver: Record<string, never>;
  /** `shown`: keys of the one store of which the other has a copy that opens as much. */
  compareStores: { shown: number };
  restore: { given: number; broken: number };
  carry: Carried;
  /** `missing`: the backup had no entry of these. `worse`: ids of entries that open less. `sent`: of both, what was sent. */
  complete: { missing: number; worse: string[]; sent: number };
  prove: Carried;
}
/** What became of the entries of a backup, by the comparison of what is inside. */
export interface Carried {
  entries: number;
  /** Nothing in hand opens these, so nothing can be said of them. */
  unopened: number;
  /** These open, and where they should be there is no copy that opens as much: none before anything was delivered. */
  missing: number;
}
export type ResultOf<T extends RoomKeysTask> = TaskResults[T["kind"]];

/** Room keys on their way from a key file, or another store, into the backup and the session. */
export interface ImportBatch {
  /** Of these; a JSON array of exported room keys. */
  sessionKeys: string;
  count: number;
  /** The body of `PUT /room_keys/keys` for those that the backup lacks or has worse; null when there are none. */
  upload: string | null;
}

/** What became of an `ImportBatch` in the session. */
export interface Delivered {
  /** The ids of the keys that the session had not or had worse. */
  taken: string[];
  /** The ids of those that it refused. */
  refused: string[];
}

/** What a thread asks of the one that started it. */
export interface WorkerCalls {
  /**
   * The next piece of the answer to `GET /room_keys/keys`; null at its end. The first call sends the request, and the
   * first one after the end sends it again.
   */
  pull(): Promise<Uint8Array | null>;
  /** The same of the backup that entries are carried into. */
  pullInto(): Promise<Uint8Array | null>;
  progress(at: { done: number; total: number | null }): Promise<void>;
  problem(problem: JobProblem): Promise<void>;
  /** Room keys of the session, as they lie in its store: encrypted. */
  readStore(range: RecordRange): Promise<StoredPiece>;
  /** The same of the store that the other one is compared with. */
  readOtherStore(range: RecordRange): Promise<StoredPiece>;
  /** Puts keys where they belong. */
  deliver(batch: ImportBatch): Promise<Delivered>;
}

/** From the thread. */
export type FromThread =
  | { kind: "call"; id: number; name: keyof WorkerCalls; argument: unknown }
  | { kind: "done"; result: unknown }
  | { kind: "failed"; error: AppError }
  /** A mistake of ours. */
  | { kind: "crashed"; message: string; stack: string };

/** To the thread. */
export type ToThread =
  { kind: "answer"; id: number; value: unknown } | { kind: "refused"; id: number; error: AppError } | { kind: "cancel" };
