import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { PlainJob } from "../../shared/contract/jobs.ts";
import { type CollectedContacts, ContactsOfUser } from "../../shared/contract/userContacts.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { paced } from "../jobs/pace.ts";
import type { AdminApi } from "./adminApi.ts";
import { patientReads, readUserOrWhyNot } from "./patientReads.ts";
import { type KnownOfServer, listAllUsers } from "./userList.ts";

export interface CollectedContactsParts {
  apiOf: (accountId: AccountId) => AdminApi;
  /** What the account's list goes by, besides its filter. */
  knownOf: (accountId: AccountId) => KnownOfServer;
  jobs: Jobs;
  emit: Emit;
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

type Requests = Handlers["userContacts"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/**
 * What lists of users do not carry, collected by Jobs: the handlers of the contract's domain `userContacts`. One that fails, or is
 * cancelled, leaves what there was.
 */
export class CollectedContactsService implements Requests {
  readonly #parts: CollectedContactsParts;
  readonly #collected = new Map<AccountId, CollectedContacts>();

  constructor(parts: CollectedContactsParts) {
    this.#parts = parts;
  }

  get = ({ accountId }: Input<"get">) => ({ contacts: this.#collected.get(accountId) ?? null });

  /** @throws `no_such_account` before anybody is asked */
  collect = ({ accountId, filter }: Input<"collect">): { job: PlainJob } => {
    const { apiOf, knownOf, jobs, emit, firstWaitMs } = this.#parts;
    const api = apiOf(accountId);
    const job = jobs.start("collect_contacts", accountId, async (control) => {
      const { signal } = control;
      const { pace, patient, ask } = patientReads(api, signal, firstWaitMs);
      const rows = await listAllUsers(api, filter, knownOf(accountId), ask, (count) => control.progress(count, null));
      const counts = { users: 0, gone: 0, incomplete: 0 };
      const users: ContactsOfUser[] = [];
      let done = 0;
      await paced(rows, pace, signal, async ({ userId }) => {
        const user = await readUserOrWhyNot(patient, userId);
        if (user === null) counts.gone += 1;
        else if (user instanceof AppFailure) counts.incomplete += 1;
        else users.push(ContactsOfUser.parse(user));
        control.progress((done += 1), rows.length);
      });
      signal.throwIfAborted();
      counts.users = users.length;
      const contacts = { collectedAt: Date.now(), users, untold: counts.incomplete };
      this.#collected.set(accountId, contacts);
      emit("userContacts.changed", { accountId, contacts });
      return counts;
    });
    return { job };
  };

  /** Forgets an account that is gone. */
  forget(accountId: AccountId): void {
    this.#collected.delete(accountId);
  }
}
