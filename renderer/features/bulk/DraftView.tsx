import { useState } from "react";
import type { BulkDraft, BulkDraftRow } from "../../../shared/contract/bulk.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { FilterButtons } from "../../components/FilterButtons.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Table } from "../../components/Table.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { jobChanged } from "../../stores/jobs.ts";
import styles from "./Bulk.module.css";
import { draftVerdict, problemText, reasonText } from "./bulkWords.ts";
import { ConfirmDialog, CONFIRMED } from "./ConfirmDialog.tsx";
import { Pager } from "./Pager.tsx";
import { usePage } from "./usePage.ts";

interface DraftViewProps {
  readonly accountId: AccountId;
  readonly draft: BulkDraft;
}

/** What would be done with each row, before anything is. */
export function DraftView({ accountId, draft }: DraftViewProps) {
  const { draftId, action, fileName, status, error, ready, unused } = draft;
  const [confirming, setConfirming] = useState(false);
  const confirmed = CONFIRMED.find((one) => one === action);
  const start = useAction(async (signOut: boolean) => {
    setConfirming(false);
    jobChanged((await steward.bulk.start({ accountId, draftId, signOut })).job);
  });
  const drop = useAction(() => steward.bulk.dropDraft({ accountId, draftId }));
  const title = fileName === null ? t(`bulk.action.${action}`) : t("bulk.draftOf", { action: t(`bulk.action.${action}`), file: fileName });
  return (
    <Section title={title}>
      {status === "checking" && (
        <>
          <p className={styles["quiet"]} role="status">
            {t("bulk.checking")}
          </p>
          <progress className={styles["bar"]} aria-label={t("bulk.checking")} max={draft.rows} value={draft.checked} />
        </>
      )}
      {error && <ErrorText error={error} />}
      {status === "ready" && (
        <Notice tone={draft.skipped + draft.invalid > 0 ? "warn" : "info"} live>
          {summaryOf(draft)}
        </Notice>
      )}
      {start.error && <ErrorText error={start.error} />}
      <Buttons>
        <Button
          look={confirmed ? "danger" : "primary"}
          isDisabled={status !== "ready" || ready === 0}
          busy={start.busy}
          onPress={() => (confirmed ? setConfirming(true) : void start.run(false))}
        >
          {t(`bulk.start.${action}`, { count: ready })}
        </Button>
        <Button onPress={() => void drop.run()}>{t("bulk.drop")}</Button>
      </Buttons>
      {unused.length > 0 && <p className={styles["quiet"]}>{t("bulk.unused", { columns: unused.join(", ") })}</p>}
      <DraftRows accountId={accountId} draft={draft} />
      {confirming && confirmed && (
        <DialogBoundary onClose={() => setConfirming(false)}>
          <ConfirmDialog action={confirmed} count={ready} onConfirm={(signOut) => void start.run(signOut)} onClose={() => setConfirming(false)} />
        </DialogBoundary>
      )}
    </Section>
  );
}

/** How many rows come to what. */
function summaryOf({ action, ready, skipped, invalid, passwordsToMake }: BulkDraft): string {
  return [
    t(`bulk.ready.${action}`, { count: ready }),
    ...(skipped > 0 ? [t("bulk.skippedCount", { count: skipped })] : []),
    ...(invalid > 0 ? [t("bulk.invalidCount", { count: invalid })] : []),
    ...(passwordsToMake > 0 ? [t("bulk.passwordsToMake", { count: passwordsToMake })] : []),
  ].join(" ");
}

const kinds = ["all", "ready", "skipped", "invalid"] as const;

function DraftRows({ accountId, draft }: DraftViewProps) {
  const { draftId } = draft;
  const [which, setWhich] = useState<(typeof kinds)[number]>("all");
  const [from, setFrom] = useState(0);
  const ask = (start: number, limit: number) => steward.bulk.draftRows({ accountId, draftId, which, from: start, limit });
  const { rows, total } = usePage<BulkDraftRow>(ask, from, `${which} ${draft.checked} ${draft.status}`);
  const counts = { all: draft.rows, ready: draft.ready, skipped: draft.skipped, invalid: draft.invalid };
  return (
    <>
      <FilterButtons
        label={t("bulk.show")}
        choices={kinds}
        chosen={which}
        textOf={(kind) => t(`bulk.kinds.${kind}`, { count: counts[kind] })}
        onChoose={(kind) => {
          setWhich(kind);
          setFrom(0);
        }}
      />
      {rows.length > 0 && (
        <Table
          label={t("bulk.rows")}
          rows={rows}
          keyOf={({ number }) => String(number)}
          columns={[
            { id: "number", name: t(draft.fileName === null ? "bulk.number" : "bulk.line") },
            { id: "name", name: t("bulk.user"), gives: true },
            { id: "verdict", name: t("bulk.what") },
            { id: "reason", name: t("bulk.why"), gives: true },
          ]}
          cells={(row) => [
            row.number,
            <span key="name" className={styles["who"]}>
              {row.displayName !== null && <ServerText>{row.displayName}</ServerText>}
              <ServerText>{row.name}</ServerText>
            </span>,
            <Pill key="verdict" {...draftVerdict(row)} />,
            row.problem ? problemText(row.problem) : reasonText(row),
          ]}
        />
      )}
      <Pager from={from} total={total} onChange={setFrom} />
    </>
  );
}
