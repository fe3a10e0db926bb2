import { create } from "zustand";
import type { AccountId } from "../../shared/ids.ts";
import { isAdmin } from "./adminAccess.ts";
import { clearAnnouncements } from "./announcements.ts";

/** The pages that every account has. */
export const accountPages = [
  "overview",
  "profile",
  "passwordAndRecovery",
  "secureBackup",
  "sessions",
  "roomKeys",
  "activity",
  "deactivate",
] as const;
/** The pages of accounts that are admins of their servers. */
export const adminPages = ["users", "statistics", "bulk", "registrationTokens", "actionLog"] as const;
export type AdminPage = (typeof adminPages)[number];
export type AccountPage = (typeof accountPages)[number] | AdminPage;

/** Where the person is. There are no addresses: the window is one page. */
export type Route =
  | { readonly name: "all" }
  /** The homeservers that accounts here are admins of. */
  | { readonly name: "servers" }
  /** Ending the accounts of one person on all of them. */
  | { readonly name: "offboarding" }
  /** A list of staff, held against all of them. */
  | { readonly name: "staffList" }
  | { readonly name: "add" }
  | { readonly name: "settings" }
  /** Sheets for paper: of this account, or of those the person chooses. */
  | { readonly name: "emergencySheet"; readonly accountId: AccountId | null }
  /** The question about secrets, where an account runs and it does not stand before everything else. */
  | { readonly name: "secrets" }
  | {
      readonly name: "account";
      readonly accountId: AccountId;
      readonly page: AccountPage;
      /** The page is offered after signing in, so it can be put off. */
      readonly offered?: boolean;
      /** The account has just been created. */
      readonly created?: boolean;
      /** On the page "Users": the one that is looked at. */
      readonly userId?: string;
    };

interface RoutesState {
  readonly route: Route;
  /** Counts the moves, so that a page knows it was moved to and takes the focus. 0 is the first page. */
  readonly moves: number;
}

export const useRoutes = create<RoutesState>()(() => ({ route: { name: "all" }, moves: 0 }));

/** Shows another page. What was said about the one before goes with it. */
export function go(route: Route): void {
  clearAnnouncements();
  useRoutes.setState(({ moves }) => ({ route, moves: moves + 1 }));
}

/** Shows an account's first page. */
export function goToOverview(accountId: AccountId): void {
  go({ name: "account", accountId, page: "overview" });
}

/** Shows an account, on the page of the same kind that is shown now for another account. */
export function goToAccount(accountId: AccountId): void {
  const { route } = useRoutes.getState();
  const page = route.name === "account" ? route.page : "overview";
  const hasPage = isAdmin(accountId) || !(adminPages as readonly AccountPage[]).includes(page);
  go({ name: "account", accountId, page: hasPage ? page : "overview" });
}
