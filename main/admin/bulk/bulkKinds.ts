import type { AccountId } from "../../../shared/ids.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";
import { Pace, paced } from "../../jobs/pace.ts";
import type { RowJobKind, RowsControl } from "../../jobs/rowJobKind.ts";
import type { AdminApi } from "../adminApi.ts";
import type { MasApi } from "../mas/masApi.ts";
import { BULK_KINDS } from "./kinds/index.ts";
import type { BulkKind } from "./bulkKind.ts";
import { PatientApi, RowFailure } from "./patientApi.ts";
import { prepare } from "./prepare.ts";
import { failed } from "./rowEnds.ts";

export interface BulkKindsParts {
  adminApi: (accountId: AccountId) => AdminApi;
  /** The admin API of the authentication service that this account was signed in by; null where that is the homeserver itself. */
  masApi: (accountId: AccountId) => Promise<MasApi | null>;
  /** The Matrix IDs of all accounts that are held here. */
  ownUserIds: () => ReadonlySet<string>;
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

/** The Jobs that work on many users, row by row. */
export const bulkKinds = (parts: BulkKindsParts): RowJobKind[] => BULK_KINDS.map((kind) => rowJobKind(kind, parts));

function rowJobKind(kind: BulkKind, { adminApi, masApi, ownUserIds, firstWaitMs }: BulkKindsParts): RowJobKind {
  const makesPasswords = kind.setsPasswords !== "never";
  return {
    kind: kind.kind,
    makesPasswords,
    ...(kind.undoneBy && { undoneBy: kind.backFrom ? "before" : "opposite" }),
    payload: kind.payload,
    row: kind.row,
    run: async (payload, control) => {
      const pace = new Pace(kind.pace);
      const api = new PatientApi({
        api: adminApi(control.accountId),
        mas: kind.withService === "by" ? await masApi(control.accountId) : null,
        pace,
        signal: control.signal,
        stopping: control.stopping,
        waiting: (reason) => control.waiting(reason),
        ...(firstWaitMs !== undefined && { firstWaitMs }),
      });
      await prepare(kind, api);
      const ends = new EndsBeingWritten(control);
      await ends.allWrittenAfter(
        paced(control.open, pace, control.stopping, async (row) => {
          ends.throwIfFailed();
          const at = { own: ownUserIds(), begunAt: control.begunAt(row), begin: (before?: unknown) => control.beginRow(row, before) };
          const end = await kind.perform(api, control.readRow(row), payload, at).catch((thrown: unknown) => {
            if (!(thrown instanceof RowFailure)) throw thrown;
            if (control.begunAt(row) === null) return failed(thrown.error);
            // What was sent before may have been done, and its password be in use.
            return { ...failed(thrown.error), outcome: "unknown" as const, madePassword: makesPasswords };
          });
          ends.write(row, end);
        }),
      );
    },
  };
}

/**
 * The next row need not wait until the end of the one before it is on the disk: after the end of the app, a row that was
 * begun and has no end is asked for at the server first.
 */
class EndsBeingWritten {
  readonly #control: Pick<RowsControl<unknown>, "endRow">;
  readonly #writing = new Set<Promise<void>>();
  #failure: { readonly thrown: unknown } | null = null;

  constructor(control: Pick<RowsControl<unknown>, "endRow">) {
    this.#control = control;
  }

  write(row: number, end: RowEnd): void {
    const written = this.#control
      .endRow(row, end)
      .catch((thrown: unknown) => void (this.#failure ??= { thrown }))
      .finally(() => this.#writing.delete(written));
    this.#writing.add(written);
  }

  /** @throws what the first end that could not be written was refused with */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.thrown;
  }

  /** Waits for the rows and then for what is still being written of them, however they ended. */
  async allWrittenAfter(rows: Promise<void>): Promise<void> {
    try {
      await rows;
    } finally {
      await Promise.all(this.#writing);
    }
    this.throwIfFailed();
  }
}
