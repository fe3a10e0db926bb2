import type { AccountId } from "../../shared/ids.ts";

/** Removes what one service keeps of an account. It may be called for an account that it has never heard of. */
export type RemoveAccount = (accountId: AccountId) => Promise<void> | void;

/** Whoever keeps something of accounts joins here, so that it goes with the account. */
export class AccountRemoval {
  readonly #joined: RemoveAccount[] = [];
  readonly #removeFolder: (accountId: AccountId) => Promise<void>;

  /** @param removeFolder is called last: the others may still write to an account's folder */
  constructor(removeFolder: (accountId: AccountId) => Promise<void>) {
    this.#removeFolder = removeFolder;
  }

  join(remove: RemoveAccount): void {
    this.#joined.push(remove);
  }

  /** Removes all that is kept of an account, one after the other in the order of joining. @throws `file_failed` */
  async remove(accountId: AccountId): Promise<void> {
    for (const remove of this.#joined) await remove(accountId);
    await this.#removeFolder(accountId);
  }
}
