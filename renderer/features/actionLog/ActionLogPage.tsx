import { ScrollText, Search } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { ListedAction } from "../../../shared/contract/actionLog.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Page } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { SearchField } from "../../components/SearchField.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { Table } from "../../components/Table.tsx";
import { useAction } from "../../components/useAction.ts";
import { dateText, t } from "../../i18n/index.ts";
import { loggedActions } from "../../stores/actionLog.ts";
import styles from "./ActionLog.module.css";
import { actionText, changeText, matchesLogged, resultVerdict } from "./loggedWords.ts";
import { UndoDialog } from "./UndoDialog.tsx";

/** So many entries are shown at once. */
const STEP = 100;

/** What admins did to a server from this computer. */
export function ActionLogPage({ account }: { readonly account: Account }) {
  const { accountId, homeserver } = account;
  const { answer, error, loading } = loggedActions.use(accountId);
  useEffect(() => void loggedActions.load(accountId), [accountId]);
  const server = homeserver.serverName;
  const save = useAction(() => steward.actionLog.save({ accountId }));
  return (
    <Page
      wide
      title={t("actionLog.title")}
      subtitle={t("actionLog.subtitle", { server })}
      actions={
        answer !== null &&
        answer.length > 0 && (
          <Button busy={save.busy} onPress={() => void save.run()}>
            {t("actionLog.save")}
          </Button>
        )
      }
    >
      {save.error && <ErrorText error={save.error} />}
      {error && (
        <ErrorText error={error} actions={<Button onPress={() => void loggedActions.load(accountId)}>{t("common.retry")}</Button>} />
      )}
      {!answer && loading && <Skeleton label={t("actionLog.looking")} lines={4} />}
      {answer?.length === 0 && <EmptyState icon={ScrollText} title={t("actionLog.none")} text={t("actionLog.noneText", { server })} />}
      {answer !== null && answer.length > 0 && <Entries accountId={accountId} entries={answer} />}
    </Page>
  );
}

function Entries({ accountId, entries }: { readonly accountId: AccountId; readonly entries: readonly ListedAction[] }) {
  const [query, setQuery] = useState("");
  const found = entries.filter((entry) => matchesLogged(entry, query));
  const [count, setCount] = useState(STEP);
  const shown = found.slice(0, count);
  const [undoing, setUndoing] = useState<ListedAction | null>(null);
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
            { id: "undo", name: t("actionLog.undo"), hideName: true },
          ]}
          rows={shown.map((entry, index) => ({ entry, index }))}
          keyOf={({ entry, index }) => `${entry.at} ${index}`}
          cards
          cells={({ entry }) => [
            <span key="action" className={styles["what"]}>
              <span>{actionText(entry)}</span>
              {(entry.changes ?? []).map((change) => (
                <span key={`${change.field} ${change.before} ${change.after}`} className={styles["change"]}>
                  <ServerText>{changeText(change)}</ServerText>
                </span>
              ))}
            </span>,
            <ServerText key="target">{entry.target}</ServerText>,
            dateText(entry.at),
            <ServerText key="actor">{entry.actor}</ServerText>,
            <span key="result">
              <Pill {...resultVerdict(entry)} />{" "}
              {entry.result !== "done" && entry.detail !== null && <ServerText>{entry.detail}</ServerText>}
            </span>,
            entry.undone === true
              ? t("actionLog.undone")
              : entry.canUndo && (
                  <Button
                    key="undo"
                    small
                    aria-label={t("actionLog.undoNamed", { action: actionText(entry), target: entry.target })}
                    onPress={() => setUndoing(entry)}
                  >
                    {t("actionLog.undo")}
                  </Button>
                ),
          ]}
        />
      )}
      {undoing && (
        <DialogBoundary onClose={() => setUndoing(null)}>
          <UndoDialog accountId={accountId} entry={undoing} onClose={() => setUndoing(null)} />
        </DialogBoundary>
      )}
      {found.length > count && (
        <Buttons>
          <Button onPress={() => setCount(count + STEP)}>{t("actionLog.more")}</Button>
        </Buttons>
      )}
    </>
  );
}
