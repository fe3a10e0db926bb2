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
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import styles from "./Bulk.module.css";
import { draftRowText, draftVerdict } from "./bulkWords.ts";
import { ColumnsForm } from "./ColumnsForm.tsx";
import { ConfirmDialog, type Confirmed, CONFIRMED } from "./ConfirmDialog.tsx";
import { DraftChoices } from "./DraftChoices.tsx";
import { LongTable } from "./LongTable.tsx";

interface DraftViewProps {
  readonly accountId: AccountId;
  readonly draft: BulkDraft;
}

/** What would be done with each row, before anything is. */
export function DraftView({ accountId, draft }: DraftViewProps) {
  const { draftId, action, fileName, status, error, ready, unused, columns } = draft;
  const [confirming, setConfirming] = useState(false);
  const [mapping, setMapping] = useState(false);
  const confirmed = CONFIRMED.find((one) => one === action);
  const start = useAction(async (said: Confirmed) => {
    setConfirming(false);
    // The Job and what becomes of the draft come by events, which may be newer than the answer.
    await steward.bulk.start({ accountId, draftId, ...said });
  });
  const drop = useAction(() => steward.bulk.dropDraft({ accountId, draftId }));
  const title = fileName === null ? t(`bulk.action.${action}`) : t("bulk.draftOf", { action: t(`bulk.action.${action}`), file: fileName });
  if (columns !== null && (status === "columns" || mapping)) {
    return (
      <Section title={t("bulk.columns.title")}>
        <p className={styles["quiet"]}>{title}</p>
        <ColumnsForm
          columns={columns}
          onUse={async (said, hasHeader) => void (await steward.bulk.setColumns({ accountId, draftId, columns: said, hasHeader }))}
          onCancel={() => (mapping ? setMapping(false) : void drop.run())}
        />
      </Section>
    );
  }
  return (
    <Section title={title}>
      <DraftChoices accountId={accountId} draft={draft} />
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
          look={confirmed && action !== "send_notice" ? "danger" : "primary"}
          isDisabled={status !== "ready" || ready === 0}
          busy={start.busy}
          onPress={() => (confirmed ? setConfirming(true) : void start.run({}))}
        >
          {t(`bulk.start.${action}`, { count: ready })}
        </Button>
        <Button onPress={() => void drop.run()}>{t("bulk.drop")}</Button>
        {unused.length > 0 && <Button onPress={() => setMapping(true)}>{t("bulk.columns.change")}</Button>}
      </Buttons>
      {unused.length > 0 && <p className={styles["quiet"]}>{t("bulk.unused", { columns: unused.join(", ") })}</p>}
      <DraftRows accountId={accountId} draft={draft} />
      {confirming && confirmed && (
        <DialogBoundary onClose={() => setConfirming(false)}>
          <ConfirmDialog action={confirmed} count={ready} onConfirm={(said) => void start.run(said)} onClose={() => setConfirming(false)} />
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
  const { draftId, action } = draft;
  const [which, setWhich] = useState<(typeof kinds)[number]>("all");
  const counts = { all: draft.rows, ready: draft.ready, skipped: draft.skipped, invalid: draft.invalid };
  return (
    <>
      <FilterButtons
        label={t("bulk.show")}
        choices={kinds}
        chosen={which}
        textOf={(kind) => t(`bulk.kinds.${kind}`, { count: counts[kind] })}
        onChoose={setWhich}
      />
      <LongTable<BulkDraftRow>
        key={which}
        label={t("bulk.rows")}
        numberName={t(draft.fileName === null ? "bulk.number" : "bulk.line")}
        ask={(from, limit) => steward.bulk.draftRows({ accountId, draftId, which, from, limit })}
        version={`${draft.checked} ${draft.status} ${JSON.stringify(draft.choices)}`}
        cells={(row) => ({
          number: row.number,
          user: (
            <span>
              {row.displayName !== null && <ServerText>{row.displayName}</ServerText>}
              <ServerText>{row.name}</ServerText>
            </span>
          ),
          what: <Pill {...draftVerdict(row)} />,
          why: draftRowText(row, action),
        })}
      />
    </>
  );
}
