import { create } from "zustand";
import type { UserFilter, UserRow } from "../../shared/contract/users.ts";
import type { AppError } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { errorOf, steward } from "../bridge.ts";

/** What one server has of those who are searched for. */
export interface ServerFound {
  readonly status: "searching" | "found" | "failed";
  readonly rows: readonly UserRow[];
  /** Whether there are more than these. */
  readonly more: boolean;
  readonly error: AppError | null;
}

interface ServerSearchState {
  readonly search: string;
  /** By the account that is asked. */
  readonly found: Readonly<Record<AccountId, ServerFound>>;
}

const nothing: ServerSearchState = { search: "", found: {} };
/** So many of each server are shown, and so often is it asked for them, where many pages have nobody who matches. */
const SHOWN = 50;
const MAX_PAGES = 5;

/** Those who are searched for on all servers. */
export const useServerSearch = create<ServerSearchState>()(() => nothing);
/** Counts the searches: what comes for an earlier one is not taken. */
let turn = 0;

/** The filter of such a search: everybody, those who are deactivated too, without users of bridges. */
export const searchEverybody = (search: string): UserFilter => ({
  search,
  kind: "all",
  seen: "any",
  created: null,
  lastSeen: null,
  withoutHidden: true,
  sort: "name",
  descending: false,
});

/** Searches the servers of some accounts, each by itself: none waits for another. An empty search ends it. */
export async function searchServers(accountIds: readonly AccountId[], search: string): Promise<void> {
  turn += 1;
  useServerSearch.setState({ search, found: {} });
  if (search.trim() === "") return;
  await Promise.all(accountIds.map((accountId) => searchServer(accountId)));
}

/** Searches one of them, also once more. */
export async function searchServer(accountId: AccountId): Promise<void> {
  const asked = turn;
  const { search } = useServerSearch.getState();
  const take = (found: ServerFound): void => {
    if (asked === turn) useServerSearch.setState((state) => ({ found: { ...state.found, [accountId]: found } }));
  };
  take({ status: "searching", rows: [], more: false, error: null });
  try {
    const rows: UserRow[] = [];
    let from: string | null = null;
    for (let pages = 0; pages < MAX_PAGES && asked === turn; pages += 1) {
      const page = await steward.users.list({ accountId, filter: searchEverybody(search), from });
      rows.push(...page.rows);
      from = page.next;
      if (from === null || rows.length >= SHOWN) break;
    }
    take({ status: "found", rows: rows.slice(0, SHOWN), more: from !== null || rows.length > SHOWN, error: null });
  } catch (thrown) {
    const error = errorOf(thrown);
    take({ status: "failed", rows: [], more: false, error });
    // Whether the account is an admin still is asked, and told by an event.
    if (error.kind === "forbidden") steward.administration.checkAccess({ accountId }).catch(() => undefined);
  }
}
