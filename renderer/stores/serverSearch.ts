import { create } from "zustand";
import type { UserRow } from "../../shared/contract/users.ts";
import type { AccountId } from "../../shared/ids.ts";
import { searchEverybody } from "../../shared/personSearch.ts";
import { errorOf, steward } from "../bridge.ts";
import { type FoundOnServers, searchOnServers } from "./searchOnServers.ts";

interface ServerSearchState {
  readonly search: string;
  readonly found: FoundOnServers<UserRow>;
}

const nothing: ServerSearchState = { search: "", found: {} };
/** So many of each server are shown, and so often is it asked for them, where many pages have nobody who matches. */
const SHOWN = 50;
const MAX_PAGES = 5;

/** Those who are searched for on all servers. */
export const useServerSearch = create<ServerSearchState>()(() => nothing);
const search = searchOnServers<UserRow>(
  async (accountId, isCurrent) => {
    const filter = searchEverybody(useServerSearch.getState().search);
    const rows: UserRow[] = [];
    let from: string | null = null;
    try {
      for (let pages = 0; pages < MAX_PAGES && isCurrent(); pages += 1) {
        const page = await steward.users.list({ accountId, filter, from });
        rows.push(...page.rows);
        from = page.next;
        if (from === null || rows.length >= SHOWN) break;
      }
    } catch (thrown) {
      // Whether the account is an admin still is asked, and told by an event.
      if (errorOf(thrown).kind === "forbidden") steward.administration.checkAccess({ accountId }).catch(() => undefined);
      throw thrown;
    }
    return { rows: rows.slice(0, SHOWN), more: from !== null || rows.length > SHOWN };
  },
  (accountId, found) => useServerSearch.setState((state) => ({ found: { ...state.found, [accountId]: found } })),
);

/** Searches the servers of some accounts. An empty search ends it. */
export async function searchServers(accountIds: readonly AccountId[], searched: string): Promise<void> {
  search.next();
  useServerSearch.setState({ search: searched, found: {} });
  if (searched.trim() !== "") await Promise.all(accountIds.map(searchServer));
}

/** Searches one of them, also once more. */
export const searchServer = (accountId: AccountId): Promise<void> => search.on(accountId);

/** Forgets whom an account found that is gone, and ends its search. */
export function forgetServerSearch(accountId: AccountId): void {
  search.forget(accountId);
  useServerSearch.setState(({ found: { [accountId]: _gone, ...others } }) => ({ found: others }));
}
