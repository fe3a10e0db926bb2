import { isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";

/** Removes what one service keeps of an account. It may be called for an account that it has never heard of. */
export type RemoveAccount = (accountId: AccountId) => Promise<void> | void;

/** Whoever keeps something of accounts joins here, so that it goes with the account. */
export class AccountRemoval {
  readonly #joined: RemoveAccount[] = [];
  readonly #removeFolder: (accountId: AccountId) => Promise<void>;
  readonly #logger: Logger;

  /** @param removeFolder is called last: the others may still write to an account's folder */
  constructor(removeFolder: (accountId: AccountId) => Promise<void>, logger: Logger) {
    this.#removeFolder = removeFolder;
    this.#logger = logger;
  }

  join(remove: RemoveAccount): void {
    this.#joined.push(remove);
  }

  /**
   * Removes all that is kept of an account, one after the other in the order of joining. What is in a file of a newer version
   * stays there: it is refused however often it is tried, and must not keep an account from going.
   *
   * @throws `file_failed`
   */
  async remove(accountId: AccountId): Promise<void> {
    for (const remove of this.#joined) {
      try {
        await remove(accountId);
      } catch (error) {
        if (!isFailure(error, "data_too_new")) throw error;
        this.#logger.warn("what a newer version keeps of an account was left", { accountId, error });
      }
    }
    await this.#removeFolder(accountId);
  }
}
