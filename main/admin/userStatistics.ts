import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { PlainJob } from "../../shared/contract/jobs.ts";
import type { UserFilter } from "../../shared/contract/users.ts";
import { UserStatistics } from "../../shared/contract/userStatistics.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { AccountFiles } from "../storage/accountFiles.ts";
import type { DamagedFile } from "../storage/jsonFile.ts";
import type { AdminApi } from "./adminApi.ts";
import { countUsers } from "./countUsers.ts";
import { patientReads } from "./patientReads.ts";
import { type KnownOfServer, listAllUsers } from "./userList.ts";

export interface UserStatisticsParts {
  apiOf: (accountId: AccountId) => AdminApi;
  knownOf: (accountId: AccountId) => KnownOfServer;
  /** Where the numbers of an account's server are kept. They name nobody, so they are not sealed. */
  fileOf: (accountId: AccountId) => string;
  onDamaged: (damaged: DamagedFile) => void;
  jobs: Jobs;
  emit: Emit;
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

type Requests = Handlers["userStatistics"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

const everybody: UserFilter = { search: "", kind: "all", seen: "any", withoutHidden: false, sort: "name", descending: false };

/**
 * The users of servers in numbers: the handlers of the contract's domain `userStatistics`. A Job that was interrupted leaves
 * the numbers of the time before; it is simply begun again.
 */
export class UserStatisticsService implements Requests {
  readonly #parts: UserStatisticsParts;
  readonly #files: AccountFiles<UserStatistics>;

  constructor(parts: UserStatisticsParts) {
    this.#parts = parts;
    this.#files = new AccountFiles({ ...parts, schema: UserStatistics });
  }

  get = async ({ accountId }: Input<"get">) => ({ statistics: await this.#files.of(accountId).read() });

  collect = ({ accountId }: Input<"collect">): { job: PlainJob } => {
    const { apiOf, knownOf, jobs, emit, firstWaitMs } = this.#parts;
    const api = apiOf(accountId);
    const job = jobs.start("collect_users", accountId, async (control) => {
      const { signal } = control;
      const { ask } = patientReads(api, signal, firstWaitMs);
      const known = knownOf(accountId);
      const rows = await listAllUsers(api, everybody, known, ask, (count) => control.progress(count, null));
      const statistics = countUsers(rows, api.serverName, known.hidden, Date.now());
      signal.throwIfAborted();
      await this.#files.of(accountId).write(statistics);
      emit("userStatistics.changed", { accountId, statistics });
      return { users: rows.length };
    });
    return { job };
  };

  /** Forgets an account that is gone. */
  forget(accountId: AccountId): Promise<void> {
    return this.#files.forget(accountId);
  }
}
