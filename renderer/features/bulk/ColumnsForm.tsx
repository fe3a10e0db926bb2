import { useState } from "react";
import type { BulkColumns, BulkDraft } from "../../../shared/contract/bulk.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { SelectField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { bulkDrafts } from "../../stores/bulk.ts";
import styles from "./Bulk.module.css";
import { columnsProblem } from "./bulkWords.ts";

interface ColumnsFormProps {
  readonly accountId: AccountId;
  readonly draft: BulkDraft;
  readonly columns: BulkColumns;
  /** Where the columns need not be said. */
  readonly onCancel?: () => void;
}

/** What the columns of a file are, where their names do not say so. */
export function ColumnsForm({ accountId, draft, columns: read, onCancel }: ColumnsFormProps) {
  const [columns, setColumns] = useState(read.columns);
  const [hasHeader, setHasHeader] = useState(read.hasHeader);
  const [tried, setTried] = useState(false);
  const use = useAction(async () => {
    const answer = await steward.bulk.setColumns({ accountId, draftId: draft.draftId, columns: [...columns], hasHeader });
    bulkDrafts.set(accountId, answer);
  });
  const problem = columnsProblem(columns);
  const options = [{ value: "", text: t("bulk.columns.none") }, ...read.usable.map((column) => ({ value: column, text: t(`bulk.columns.names.${column}`) }))];
  return (
    <>
      <p>{t("bulk.columns.text")}</p>
      <div className={styles["mapping"]} role="group" aria-label={t("bulk.columns.title")}>
        {read.headings.map((heading, at) => (
          <SelectField
            key={at}
            label={hasHeader && heading !== "" ? heading : t("bulk.columns.unnamed", { number: at + 1 })}
            value={columns[at] ?? ""}
            onChange={(value) => setColumns(columns.map((column, place) => (place === at ? (read.usable.find((one) => one === value) ?? null) : column)))}
            options={options}
          />
        ))}
      </div>
      <Checkbox value={hasHeader} onChange={setHasHeader}>
        {t("bulk.columns.hasHeader")}
      </Checkbox>
      {tried && problem !== null && (
        <Notice tone="warn" live>
          {t(`bulk.columns.${problem}`)}
        </Notice>
      )}
      {use.error && <ErrorText error={use.error} />}
      <Buttons>
        <Button
          look="primary"
          busy={use.busy}
          onPress={() => {
            setTried(true);
            if (problem === null) void use.run();
          }}
        >
          {t("bulk.columns.use")}
        </Button>
        {onCancel && <Button onPress={onCancel}>{t("common.cancel")}</Button>}
      </Buttons>
    </>
  );
}
