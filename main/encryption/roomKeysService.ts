import { basename } from "node:path";
import type { MatrixClient } from "matrix-js-sdk";
import type { Handlers } from "../../shared/contract/index.ts";
import type { JobKind, PlainJob } from "../../shared/contract/jobs.ts";
import { type AppErrorKind, AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import type { JobControl, Jobs } from "../jobs/jobs.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import type { MatrixSession } from "../sessions/matrixSession.ts";
import type { UnfinishedFiles } from "../storage/unfinishedFiles.ts";
import { type EncryptionContext, openEncryptionContext } from "./encryptionContext.ts";
import { BACKUP_ALGORITHM, type ServerBackup } from "./encryptionApi.ts";
import { backupKeyHere, newestBackup, opensBackup } from "./keyBackup.ts";
import type { SecureBackupParts } from "./secureBackupService.ts";
import { BackupEntriesApi } from "../roomKeys/backupEntriesApi.ts";
import { deliverTo } from "./importTarget.ts";
import { anySignal } from "../http/anySignal.ts";
import { KeyFileReader } from "../roomKeys/keyFileReader.ts";
import { unfinishedName } from "../storage/growingFile.ts";
import { inFileName, type SuggestedName } from "../storage/suggestedName.ts";
import { roomNames } from "../roomKeys/roomNames.ts";
import { ownStoreOf } from "../roomKeys/ownStore.ts";
import { runWithBackup } from "../roomKeys/runWithBackup.ts";
import { countStored, pieceOf, type CryptoStoreSnapshot } from "../roomKeys/cryptoStoreSnapshot.ts";
import type { ResultOf, RoomKeysTask, WorkerCalls } from "../roomKeys/workerProtocol.ts";

/** The score that a key file's passphrase needs, of zxcvbn's 0 to 4. The file can be guessed at without end. */
const GOOD_PASSPHRASE_SCORE = 3;
const MAX_ROOMS = 50_000;
const MAX_ROOM_ID = 255;

export interface RoomKeysParts {
  session: (accountId: AccountId) => MatrixSession;
  jobs: Jobs;
  unfinishedFiles: UnfinishedFiles;
  phraseStrength: SecureBackupParts["phraseStrength"];
  displayName: (accountId: AccountId) => string | null;
  /** The ways to ask the person for a file. Null when they cancel. */
  ports: {
    chooseTarget: (suggestedName: SuggestedName) => Promise<string | null>;
    chooseSource: () => Promise<string | null>;
  };
}

type Requests = Handlers["roomKeys"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** The account's backup as this session sees it: with its private key, base64, when it is here and the right one. */
interface BackupHere {
  version: string;
  publicKey: string;
  keyCount: number;
  privateKey: PrivateKey | null;
}

/** Room keys in key files, in the backup and in the session: the handlers of the contract's domain `roomKeys`. */
export class RoomKeysService implements Requests {
  readonly #parts: RoomKeysParts;
  /** The key file that was chosen last, by account: the renderer knows no paths. */
  readonly #chosen = new Map<AccountId, string>();

  constructor(parts: RoomKeysParts) {
    this.#parts = parts;
  }

  overview = ({ accountId }: Input<"overview">) =>
    this.#parts.session(accountId).use(async (client, signal) => {
      const access = openEncryptionContext(client, { signal });
      const keysHere = countStored(this.#parts.session(accountId).storeReader);
      const { backup: newest, problem } = await newestBackup(access.server);
      if (problem) return { backup: "unreadable" as const, keysInBackup: 0, keysHere };
      if (newest && newest.publicKey === null) {
        const kind = newest.algorithm === BACKUP_ALGORITHM ? ("malformed" as const) : ("unknown_kind" as const);
        return { backup: kind, keysInBackup: 0, keysHere };
      }
      const backup = newest && (await openHere(access, newest));
      return {
        backup: !backup ? ("none" as const) : backup.privateKey === null ? ("locked" as const) : ("open" as const),
        keysInBackup: backup?.keyCount ?? 0,
        keysHere,
      };
    });

  rooms = ({ accountId }: Input<"rooms">) =>
    this.#parts.session(accountId).use(async (client, signal) => {
      const access = openEncryptionContext(client, { signal });
      const [backup, stored] = await Promise.all([readUsableBackup(access), this.#storeOf(accountId)]);
      const task = { kind: "list" as const, hasBackup: backup !== null, session: stored };
      const { rooms } = await this.#run(task, { accountId, client, signal, backup, control: null });
      const listed = rooms.filter(([roomId]) => roomId.length <= MAX_ROOM_ID).slice(0, MAX_ROOMS);
      const names = await roomNames(
        homeserverOf(client),
        listed.map(([roomId]) => roomId),
        signal,
      );
      return {
        rooms: listed.map(([roomId, inBackup, here]) => ({ roomId, name: names.get(roomId) ?? null, inBackup, here })),
      };
    });

  passphraseStrength = ({ accountId, passphrase }: Input<"passphraseStrength">) => {
    const { userId } = this.#parts.session(accountId).details;
    const displayName = this.#parts.displayName(accountId);
    const guessable = displayName === null ? [userId] : [userId, displayName];
    return this.#parts.phraseStrength(passphrase, guessable, GOOD_PASSPHRASE_SCORE);
  };

  /** Throws `weak_phrase`. The Job fails with `no_room_keys` when there are none. */
  export = async ({ accountId, passphrase, roomIds }: Input<"export">): Promise<{ job: PlainJob | null }> => {
    const session = this.#parts.session(accountId);
    if (!(await this.passphraseStrength({ accountId, passphrase })).good) throw fail("weak_phrase");
    const path = await this.#parts.ports.chooseTarget({ holds: "room_keys", of: inFileName(session.details.userId), ending: "txt" });
    if (path === null) return { job: null };
    const job = this.#inJob("export_room_keys", accountId, (client, signal, control) =>
      this.#parts.unfinishedFiles.during(unfinishedName(path), async () => {
        const access = openEncryptionContext(client, { signal });
        const [backup, stored] = await Promise.all([readUsableBackup(access), this.#storeOf(accountId)]);
        const privateKey = backup?.privateKey ?? null;
        const task = {
          kind: "export" as const,
          path,
          passphrase,
          roomIds,
          backupKey: privateKey,
          session: stored,
          total: (privateKey === null ? 0 : (backup?.keyCount ?? 0)) + (stored?.count ?? 0),
        };
        return { ...(await this.#run(task, { accountId, client, signal, backup, control })) };
      }),
    );
    return { job };
  };

  /** Throws `no_such_account` before anybody is asked, `not_a_key_file` and what else a file's beginning shows. */
  chooseFile = async ({ accountId }: Input<"chooseFile">) => {
    this.#parts.session(accountId);
    const path = await this.#parts.ports.chooseSource();
    if (path === null) return { file: null };
    const reader = await KeyFileReader.open(path);
    try {
      await reader.readHead();
      this.#chosen.set(accountId, path);
      return { file: { name: basename(path).slice(0, 1024), sizeBytes: reader.sizeBytes } };
    } finally {
      await reader.close();
    }
  };

  /** Throws `no_file_chosen`. The Job fails with `backup_locked` when there is a backup that is not open here. */
  import = ({ accountId, passphrase }: Input<"import">): { job: PlainJob } => {
    const path = this.#chosen.get(accountId);
    if (path === undefined) throw fail("no_file_chosen");
    const job = this.#inJob("import_room_keys", accountId, async (client, signal, control) => {
      const access = openEncryptionContext(client, { signal });
      const backup = await readBackup(access);
      if (backup && backup.privateKey === null) throw fail("backup_locked");
      const task = {
        kind: "import" as const,
        path,
        passphrase,
        backup: backup && {
          publicKey: backup.publicKey,
          privateKey: backup.privateKey!,
        },
        session: await this.#storeOf(accountId),
      };
      return { ...(await this.#run(task, { accountId, client, signal, backup, control, access })) };
    });
    return { job };
  };

  /** The Job fails with `secure_backup_absent` or `backup_locked` when there is nothing that could be opened. */
  verifyBackup = ({ accountId }: Input<"verifyBackup">): { job: PlainJob } => {
    const job = this.#inJob("verify_backup", accountId, async (client, signal, control) => {
      const backup = await readBackup(openEncryptionContext(client, { signal }));
      if (!backup) throw fail("secure_backup_absent");
      if (backup.privateKey === null) throw fail("backup_locked");
      const task = {
        kind: "verify" as const,
        backupKey: backup.privateKey,
        total: backup.keyCount,
      };
      return { ...(await this.#run(task, { accountId, client, signal, backup, control })) };
    });
    return { job };
  };

  /** Where a thread reads the room keys of the session; null when it has none. */
  async #storeOf(accountId: AccountId): Promise<CryptoStoreSnapshot | null> {
    return (await ownStoreOf(this.#parts.session(accountId))).session;
  }

  /** Begins a Job that ends when it is cancelled, when the session stops, or by itself. */
  #inJob(
    kind: JobKind,
    accountId: AccountId,
    work: (client: MatrixClient, signal: AbortSignal, control: JobControl) => Promise<Record<string, number>>,
  ): PlainJob {
    const session = this.#parts.session(accountId);
    return this.#parts.jobs.start(kind, accountId, (control) =>
      session.use(async (client, stopped) => {
        const joined = anySignal(control.signal, stopped);
        try {
          return await work(client, joined.signal, control);
        } finally {
          joined.release();
        }
      }),
    );
  }

  async #run<T extends RoomKeysTask>(
    task: T,
    around: {
      accountId: AccountId;
      client: MatrixClient;
      signal: AbortSignal;
      backup: BackupHere | null;
      control: JobControl | null;
      access?: EncryptionContext;
    },
  ): Promise<ResultOf<T>> {
    const { accountId, client, signal, backup, control, access } = around;
    const stored = "session" in task ? task.session : null;
    const reader = stored && this.#parts.session(accountId).storeReader;
    const transfer = backup && new BackupEntriesApi({ homeserver: homeserverOf(client), version: backup.version, signal });
    const calls: Partial<WorkerCalls> = {
      ...(control && {
        progress: ({ done, total }) => Promise.resolve(control.progress(done, total)),
        problem: (problem) => Promise.resolve(control.problem(problem)),
      }),
      ...(stored && reader && { readStore: (range) => Promise.resolve(pieceOf(reader, stored, range)) }),
      ...(access && control && { deliver: deliverTo({ access, transfer, version: backup?.version ?? null, control }) }),
    };
    return await runWithBackup(task, transfer, calls, signal);
  }
}

/** Null when there is no backup, or one that nothing can be put into: malformed, or of another algorithm. */
async function readBackup(access: EncryptionContext): Promise<BackupHere | null> {
  const backup = await access.server.backup();
  return backup && (await openHere(access, backup));
}

/** Answers of no use that time does not mend: what this session has can be had without the backup. */
const LASTING: readonly AppErrorKind[] = ["bad_answer", "not_found", "forbidden", "too_large"];

/** The same, and null as well where the server gives no answer about it that is of use, now or later. */
async function readUsableBackup(access: EncryptionContext): Promise<BackupHere | null> {
  const { backup, problem } = await newestBackup(access.server);
  if (problem && !LASTING.includes(problem.kind)) throw new AppFailure(problem);
  return backup && (await openHere(access, backup));
}

async function openHere(access: EncryptionContext, backup: ServerBackup): Promise<BackupHere | null> {
  const { version, publicKey, keyCount } = backup;
  if (publicKey === null) return null;
  const privateKey = await backupKeyHere(access);
  return { version, publicKey, keyCount, privateKey: opensBackup(privateKey, backup) ? privateKey : null };
}
