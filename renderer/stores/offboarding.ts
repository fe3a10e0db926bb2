import { create } from "zustand";
import type { FoundAccount, OffboardingAction, OffboardingDraft } from "../../shared/contract/offboarding.ts";
import type { User } from "../../shared/contract/users.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLatest } from "./latest.ts";
import { go } from "./routes.ts";
import { type FoundOnServers, searchOnServers } from "./searchOnServers.ts";

interface OffboardingState {
  /** What is known of the person, as it was typed: one thing a line. */
  readonly typed: string;
  /** The same, as it was asked for; empty before. */
  readonly terms: readonly string[];
  readonly found: FoundOnServers<FoundAccount>;
  /** Whose accounts are meant, each by the account that administers it. */
  readonly chosen: ReadonlyMap<string, AccountId>;
  readonly draft: OffboardingDraft | null;
}

const nothing: OffboardingState = { typed: "", terms: [], found: {}, chosen: new Map(), draft: null };
const MAX_TERMS = 10;

/** Whose accounts on all servers are to be ended. */
export const useOffboarding = create<OffboardingState>()(() => nothing);
const search = searchOnServers<FoundAccount>(
  async (accountId) => {
    const { found, more } = await steward.offboarding.find({ accountId, terms: [...useOffboarding.getState().terms] });
    return { rows: found, more };
  },
  (accountId, found) => useOffboarding.setState((state) => ({ found: { ...state.found, [accountId]: found } })),
);

export function typePerson(typed: string): void {
  useOffboarding.setState({ typed });
}

/** What was typed, each thing once. */
export const termsOf = (typed: string): string[] =>
  [...new Set(typed.split("\n").map((line) => line.trim()))].filter((line) => line !== "").slice(0, MAX_TERMS);

/** Looks for the person on the servers of some accounts, each by itself. Nobody stays chosen. */
export async function findPerson(accountIds: readonly AccountId[]): Promise<void> {
  search.next();
  const terms = termsOf(useOffboarding.getState().typed);
  useOffboarding.setState({ terms, found: {}, chosen: new Map() });
  if (terms.length > 0) await Promise.all(accountIds.map(findPersonOn));
}

/** Looks on one of them, also once more. */
export const findPersonOn = (accountId: AccountId): Promise<void> => search.on(accountId);

/** Takes somebody for the person, or not any more. */
export function choosePerson(accountId: AccountId, userId: string, yes: boolean): void {
  const chosen = new Map(useOffboarding.getState().chosen);
  if (yes) chosen.set(userId, accountId);
  else chosen.delete(userId);
  useOffboarding.setState({ chosen });
}

/** What somebody may be known by on other servers. */
export function knownOf({ userId, displayName, threepids }: Pick<User, "userId" | "displayName" | "threepids">): string[] {
  return [userId, ...(displayName?.trim() ? [displayName.trim()] : []), ...threepids.map(({ address }) => address)];
}

/** Looks for other accounts of who was chosen, by all that their servers know of them; they stay chosen. @throws RequestFailure */
export async function findOtherAccounts(accountIds: readonly AccountId[]): Promise<void> {
  const isCurrent = search.current();
  const before = useOffboarding.getState().chosen;
  const users = await Promise.all([...before].map(([userId, accountId]) => steward.users.get({ accountId, userId })));
  // Somebody else is looked for meanwhile.
  if (!isCurrent()) return;
  const { chosen, typed } = useOffboarding.getState();
  typePerson(termsOf([typed, ...users.flatMap(knownOf)].join("\n")).join("\n"));
  const searching = findPerson(accountIds);
  useOffboarding.setState({ chosen });
  await searching;
}

/** Opens the page for a user of one server. */
export function offboard(user: Pick<User, "userId" | "displayName" | "threepids">): void {
  forgetPerson();
  typePerson(knownOf(user).slice(0, MAX_TERMS).join("\n"));
  go({ name: "offboarding" });
}

/** Forgets who was looked for, and chosen. */
function forgetPerson(): void {
  search.next();
  useOffboarding.setState({ typed: "", terms: [], found: {}, chosen: new Map() });
}

const latestDraft = createLatest<OffboardingDraft | null>(
  async () => (await steward.offboarding.draft({})).draft,
  (draft) => useOffboarding.setState({ draft }),
);

/** Takes in what is prepared now; null for nothing. */
export const offboardingDraftChanged = latestDraft.told;

/** Asks main for what is prepared. */
export const loadOffboarding = latestDraft.load;

/** Has what would be done looked at; the draft comes by events, which may be newer than the answer. @throws RequestFailure */
export async function prepareOffboarding(action: OffboardingAction): Promise<void> {
  const users = [...useOffboarding.getState().chosen].map(([userId, accountId]) => ({ accountId, userId }));
  await steward.offboarding.prepare({ action, users });
}

/** Begins it on some of the servers, and forgets who was looked for: they aren't as they were found. Of the Jobs and the draft main tells by events, which may be newer than the answer. @throws RequestFailure */
export async function startOffboarding(
  draftId: ConversationId,
  accountIds: readonly AccountId[],
  typed: string | undefined,
): Promise<void> {
  await steward.offboarding.start({ draftId, accountIds: [...accountIds], ...(typed !== undefined && { typed }) });
  forgetPerson();
}

/** Forgets whom an account found that is gone, and ends its search. */
export function forgetOffboarding(accountId: AccountId): void {
  search.forget(accountId);
  useOffboarding.setState(({ found, chosen }) => {
    const { [accountId]: _gone, ...others } = found;
    return { found: others, chosen: new Map([...chosen].filter(([, by]) => by !== accountId)) };
  });
}
