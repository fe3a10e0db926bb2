import { useState } from "react";
import type { BulkColumns, UserColumn } from "../../../shared/contract/bulk.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form, FormProblem } from "../../components/Form.tsx";
import { Buttons } from "../../components/Page.tsx";
import { SelectField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import styles from "./Bulk.module.css";
import { columnsProblem } from "./bulkWords.ts";

interface ColumnsFormProps {
  readonly columns: BulkColumns;
  /** Has the file read again. Rejects with why it can't be. */
  readonly onUse: (columns: (UserColumn | null)[], hasHeader: boolean) => Promise<void>;
  /** Where the columns need not be said. */
  readonly onCancel?: () => void;
}

/** What the columns of a file are, where their names do not say so. */
export function ColumnsForm({ columns: read, onUse, onCancel }: ColumnsFormProps) {
  const [columns, setColumns] = useState(read.columns);
  const [hasHeader, setHasHeader] = useState(read.hasHeader);
  const use = useAction(() => onUse([...columns], hasHeader));
  const problem = columnsProblem(columns);
  const options = [
    { value: "", text: t("bulk.columns.none") },
    ...read.usable.map((column) => ({ value: column, text: t(`bulk.columns.names.${column}`) })),
  ];
  return (
    <Form onSubmit={() => void use.run()}>
      <p>{t("bulk.columns.text")}</p>
      <div className={styles["mapping"]} role="group" aria-label={t("bulk.columns.title")}>
        {read.headings.map((heading, at) => (
          <SelectField
            key={at}
            label={hasHeader && heading !== "" ? heading : t("bulk.columns.unnamed", { number: at + 1 })}
            value={columns[at] ?? ""}
            onChange={(value) =>
              setColumns(columns.map((column, place) => (place === at ? (read.usable.find((one) => one === value) ?? null) : column)))
            }
            options={options}
          />
        ))}
      </div>
      <Checkbox value={hasHeader} onChange={setHasHeader}>
        {t("bulk.columns.hasHeader")}
      </Checkbox>
      <FormProblem when={problem !== null}>{problem !== null && t(`bulk.columns.${problem}`)}</FormProblem>
      {use.error && <ErrorText error={use.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={use.busy}>
          {t("bulk.columns.use")}
        </Button>
        {onCancel && <Button onPress={onCancel}>{t("common.cancel")}</Button>}
      </Buttons>
    </Form>
  );
}
