import { RefreshCw } from "lucide-react";
import { useEffect, useMemo } from "react";
import type { ContactsOfUser } from "../../../shared/contract/userContacts.ts";
import type { UserListColumn } from "../../../shared/contract/userViews.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { useJobs } from "../../stores/jobs.ts";
import { userContacts } from "../../stores/userContacts.ts";
import { useUserList } from "../../stores/users.ts";
import { useColumns } from "../../stores/userViews.ts";

/** The columns that no list of a server fills. */
export type ContactColumn = Extract<UserListColumn, "emails" | "phones" | "externalIds">;

export const isContactColumn = (column: UserListColumn): column is ContactColumn =>
  column === "emails" || column === "phones" || column === "externalIds";

/** Says as of when the columns of contacts are, or offers to fill them, where there are such. */
export function CollectedContacts({ accountId }: { readonly accountId: AccountId }) {
  const columns = useColumns(accountId);
  return columns.some(isContactColumn) ? <Collected accountId={accountId} /> : null;
}

function Collected({ accountId }: { readonly accountId: AccountId }) {
  const { filter } = useUserList(accountId);
  const { answer, error } = userContacts.use(accountId);
  useEffect(() => void userContacts.load(accountId), [accountId]);
  const last = useJobs(({ open }) => open.findLast((job) => job.kind === "collect_contacts" && job.accountId === accountId));
  const isCollecting = last?.status === "running";
  // The Job comes by events, which may be newer than the answer.
  const collect = useAction(() => steward.userContacts.collect({ accountId, filter }));
  const failure = collect.error ?? error ?? (last?.status === "failed" ? last.error : null);
  if (answer === null) return failure && <ErrorText error={failure} />;
  const { contacts } = answer;
  return (
    <>
      <Notice
        tone="info"
        actions={
          <Button small icon={RefreshCw} busy={isCollecting || collect.busy} onPress={() => void collect.run()}>
            {t(isCollecting ? "users.collectingContacts" : contacts === null ? "users.collectContacts" : "users.collectContactsAgain")}
          </Button>
        }
      >
        {contacts === null
          ? t("users.contactsNotCollected")
          : t("users.contactsCollected", { count: contacts.users.length, when: momentText(contacts.collectedAt) })}{" "}
        {contacts !== null && contacts.untold > 0 && t("users.contactsUntold", { count: contacts.untold })}
      </Notice>
      {failure && <ErrorText error={failure} />}
    </>
  );
}

/** What was collected of each user, for a component that shows these columns; null where it shows none, or nothing was. */
export function useCollectedContacts(accountId: AccountId, columns: readonly UserListColumn[]): ReadonlyMap<string, ContactsOfUser> | null {
  const contacts = userContacts.use(accountId).answer?.contacts ?? null;
  const isShown = columns.some(isContactColumn);
  return useMemo(
    () => (isShown && contacts !== null ? new Map(contacts.users.map((user) => [user.userId, user])) : null),
    [contacts, isShown],
  );
}

/** What a cell of such a column says; null where nobody knows. */
export function contactsText(column: ContactColumn, contacts: ContactsOfUser | null): string | null {
  if (contacts === null) return null;
  const of = (medium: "email" | "msisdn"): string[] =>
    contacts.threepids
      .filter((threepid) => threepid.medium === medium)
      .map(({ address }) => (medium === "msisdn" ? `+${address}` : address));
  const all = {
    emails: () => of("email"),
    phones: () => of("msisdn"),
    externalIds: () => contacts.externalIds.map(({ provider, id }) => `${provider}: ${id}`),
  }[column]();
  return all.sort().join(", ");
}
