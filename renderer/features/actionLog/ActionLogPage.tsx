import { ScrollText, Search } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { LoggedAction } from "../../../shared/contract/actionLog.ts";
import { Button } from "../../components/Button.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Page } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { SearchField } from "../../components/SearchField.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { Table } from "../../components/Table.tsx";
import { dateText, t } from "../../i18n/index.ts";
import { loggedActions } from "../../stores/actionLog.ts";
import { actionText, matchesLogged, resultVerdict } from "./loggedWords.ts";

/** So many entries are shown at once. */
const STEP = 100;

/** What admins did to a server from this computer. */
export function ActionLogPage({ account }: { readonly account: Account }) {
  const { accountId, homeserver } = account;
  const { answer, error, loading } = loggedActions.use(accountId);
  useEffect(() => void loggedActions.load(accountId), [accountId]);
  const server = homeserver.serverName;
  return (
    <Page wide title={t("actionLog.title")} subtitle={t("actionLog.subtitle", { server })}>
      {error && <ErrorText error={error} actions={<Button onPress={() => void loggedActions.load(accountId)}>{t("common.retry")}</Button>} />}
      {!answer && loading && <Skeleton label={t("actionLog.looking")} lines={4} />}
      {answer?.length === 0 && <EmptyState icon={ScrollText} title={t("actionLog.none")} text={t("actionLog.noneText", { server })} />}
      {answer !== null && answer.length > 0 && <Entries entries={answer} />}
    </Page>
  );
}

function Entries({ entries }: { readonly entries: readonly LoggedAction[] }) {
  const [query, setQuery] = useState("");
  const found = entries.filter((entry) => matchesLogged(entry, query));
  const [count, setCount] = useState(STEP);
  const shown = found.slice(0, count);
  return (
    <>
      <SearchField label={t("actionLog.search")} value={query} onChange={setQuery} />
      {found.length === 0 ? (
        <EmptyState icon={Search} title={t("actionLog.noneFound")} text={t("actionLog.noneFoundText")} />
      ) : (
        <Table
          label={t("actionLog.title")}
          columns={[
            { id: "action", name: t("actionLog.columns.action") },
            { id: "target", name: t("actionLog.columns.target"), gives: true },
            { id: "when", name: t("actionLog.columns.when") },
            { id: "actor", name: t("actionLog.columns.actor"), gives: true },
            { id: "result", name: t("actionLog.columns.result") },
          ]}
          rows={shown.map((entry, index) => ({ entry, index }))}
          keyOf={({ entry, index }) => `${entry.at} ${index}`}
          cards
          cells={({ entry }) => [
            actionText(entry),
            <ServerText key="target">{entry.target}</ServerText>,
            dateText(entry.at),
            <ServerText key="actor">{entry.actor}</ServerText>,
            <span key="result">
              <Pill {...resultVerdict(entry)} /> {entry.result !== "done" && entry.detail !== null && <ServerText>{entry.detail}</ServerText>}
            </span>,
          ]}
        />
      )}
      {found.length > count && (
        <Buttons>
          <Button onPress={() => setCount(count + STEP)}>{t("actionLog.more")}</Button>
        </Buttons>
      )}
    </>
  );
}
