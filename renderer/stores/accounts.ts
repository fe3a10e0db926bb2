import { useMemo } from "react";
import { create } from "zustand";
import type { Account } from "../../shared/contract/accounts.ts";
import type { AppError } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { errorOf, steward } from "../bridge.ts";
import { t } from "../i18n/index.ts";
import { announce } from "./announcements.ts";
import { go, useRoutes } from "./routes.ts";

interface AccountsState {
  readonly status: "loading" | "ready" | "failed";
  readonly error: AppError | null;
  readonly order: readonly AccountId[];
  readonly byId: Readonly<Record<AccountId, Account>>;
}

export const useAccounts = create<AccountsState>()(() => ({ status: "loading", error: null, order: [], byId: {} }));

/** All accounts in the person's order. */
export function useAccountList(): readonly Account[] {
  const order = useAccounts((state) => state.order);
  const byId = useAccounts((state) => state.byId);
  return useMemo(() => order.map((id) => byId[id]).filter((account) => account !== undefined), [order, byId]);
}

/** One account, or undefined when it is not (or no longer) here. */
export function useAccount(accountId: AccountId): Account | undefined {
  return useAccounts((state) => state.byId[accountId]);
}

const knownText = (): string => document.getElementById("known-accounts")?.textContent ?? "null";

/** Whether main has locked the window: then the page has no accounts, and gets none. */
export function pageIsLocked(): boolean {
  return JSON.parse(knownText()) === "locked";
}

/** Takes the accounts that main put into the page. False when there are none, or when main has to be asked first. */
export function takeKnownAccounts(): boolean {
  const known = JSON.parse(knownText()) as { readonly accounts: readonly Account[] } | null;
  if (known === null || known.accounts.length === 0) return false;
  take(known.accounts);
  return true;
}

function take(accounts: readonly Account[]): void {
  useAccounts.setState({
    status: "ready",
    error: null,
    order: accounts.map((account) => account.accountId),
    byId: Object.fromEntries(accounts.map((account) => [account.accountId, account])),
  });
}

/** What was told of the accounts while main was asked for all of them: it is newer than the answer. */
interface ToldMeanwhile {
  /** An account as it is now; null for one that is gone. */
  readonly byId: Map<AccountId, Account | null>;
  order: readonly AccountId[] | null;
}

const asking = new Set<ToldMeanwhile>();
const isTold = (accountId: AccountId, account: Account | null): void => asking.forEach(({ byId }) => byId.set(accountId, account));

/** Asks main for the whole list. What is told meanwhile stays. */
export async function loadAccounts(): Promise<void> {
  const told: ToldMeanwhile = { byId: new Map(), order: null };
  asking.add(told);
  try {
    const { accounts } = await steward.accounts.list({});
    const newer = new Map([...accounts.map((account) => [account.accountId, account] as const), ...told.byId]);
    take([...newer.values()].filter((account) => account !== null));
    if (told.order) accountsReordered(told.order);
  } catch (thrown) {
    useAccounts.setState({ status: "failed", error: errorOf(thrown) });
  } finally {
    asking.delete(told);
  }
}

/** Takes in an account as it is now; one that is new comes last. */
export function accountChanged(account: Account): void {
  isTold(account.accountId, account);
  useAccounts.setState(({ order, byId }) => ({
    order: order.includes(account.accountId) ? order : [...order, account.accountId],
    byId: { ...byId, [account.accountId]: account },
  }));
}

/** Tells main which account the person looks at: it starts first. That it cannot be told is no trouble of theirs. */
export async function accountOpened(accountId: AccountId): Promise<void> {
  await steward.accounts.opened({ accountId }).catch(() => undefined);
}

/** Forgets an account, and leaves its pages. */
export function accountRemoved(accountId: AccountId): void {
  isTold(accountId, null);
  useAccounts.setState(({ order, byId }) => {
    const { [accountId]: _removed, ...rest } = byId;
    return { order: order.filter((id) => id !== accountId), byId: rest };
  });
  const { route } = useRoutes.getState();
  if (route.name === "account" && route.accountId === accountId) go({ name: "all" });
}

/** Says what became of a sign-out that the server could not be told of at first. */
export function signOutTold({ userId, told }: { readonly userId: string; readonly told: boolean }): void {
  if (told) announce(() => t("signOut.toldNow", { userId }));
  else announce(() => t("signOut.neverTold", { userId }), "warn");
}

/** Takes in a new order. */
export function accountsReordered(accountIds: readonly AccountId[]): void {
  for (const told of asking) told.order = accountIds;
  useAccounts.setState(({ order }) => ({
    order: [...accountIds.filter((id) => order.includes(id)), ...order.filter((id) => !accountIds.includes(id))],
  }));
}

/** Moves an account up (-1) or down (1) in the list. Returns its new place from 1, or null when it cannot move. */
export async function moveAccount(accountId: AccountId, by: -1 | 1): Promise<number | null> {
  const order = [...useAccounts.getState().order];
  const from = order.indexOf(accountId);
  const to = from + by;
  if (from < 0 || to < 0 || to >= order.length) return null;
  order.splice(from, 1);
  order.splice(to, 0, accountId);
  accountsReordered(order);
  try {
    await steward.accounts.reorder({ accountIds: order });
  } catch {
    await loadAccounts();
    return null;
  }
  return to + 1;
}
