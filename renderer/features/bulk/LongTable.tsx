import { useEffect, type ReactNode } from "react";
import { useVirtualRows } from "../../components/useVirtualRows.ts";
import { t } from "../../i18n/index.ts";
import styles from "./LongTable.module.css";
import { useRows } from "./useRows.ts";

/** As `LongTable.module.css` has it. */
const ROW_PX = 56;

interface LongTableProps<T> {
  readonly label: string;
  /** What the first column is called: where in the list a row stands. */
  readonly numberName: string;
  readonly ask: (from: number, limit: number) => Promise<{ readonly rows: readonly T[]; readonly total: number }>;
  /** Changes whenever the list does. */
  readonly version: string;
  /** What the column is called where rows can be chosen; absent where they can't. */
  readonly chooseName?: string;
  /** Where it stands, who is meant, what is so, and why; where rows can be chosen, the box for it. */
  readonly cells: (row: T) => {
    readonly choose?: ReactNode;
    readonly number: ReactNode;
    readonly user: ReactNode;
    readonly what: ReactNode;
    readonly why: string;
  };
}

/** A table of up to hundreds of thousands of rows, of which those alone are here that are looked at. */
export function LongTable<T>({ label, numberName, chooseName, ask, version, cells }: LongTableProps<T>) {
  const { total, rowAt, show } = useRows(ask, version);
  const { body, first, end } = useVirtualRows(total);
  useEffect(() => show(first, end));
  return (
    <div className={styles["frame"]} hidden={total === 0}>
      <table className={styles["table"]} role="table" aria-label={label} aria-rowcount={total + 1}>
        <thead role="rowgroup">
          <tr role="row" aria-rowindex={1}>
            {chooseName !== undefined && (
              <th role="columnheader" scope="col" className={styles["choose"]}>
                <span className="visuallyHidden">{chooseName}</span>
              </th>
            )}
            <th role="columnheader" scope="col" className={styles["number"]}>
              {numberName}
            </th>
            <th role="columnheader" scope="col" className={styles["user"]}>
              {t("bulk.user")}
            </th>
            <th role="columnheader" scope="col" className={styles["what"]}>
              {t("bulk.what")}
            </th>
            <th role="columnheader" scope="col" className={styles["details"]}>
              {t("bulk.details")}
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup" ref={body} style={{ height: total * ROW_PX }}>
          {Array.from({ length: end - first }, (_, at) => {
            const row = rowAt(first + at);
            const cell = row === null ? null : cells(row);
            return (
              <tr
                key={first + at}
                role="row"
                aria-rowindex={first + at + 2}
                className={styles["row"]}
                style={{ insetBlockStart: (first + at) * ROW_PX }}
                aria-busy={cell === null}
              >
                {chooseName !== undefined && (
                  <td role="cell" className={styles["choose"]}>
                    {cell?.choose}
                  </td>
                )}
                <td role="cell" className={styles["number"]}>
                  {cell?.number}
                </td>
                <th role="rowheader" scope="row" className={styles["user"]}>
                  {cell?.user}
                </th>
                <td role="cell" className={styles["what"]}>
                  {cell?.what}
                </td>
                <td role="cell" className={styles["details"]}>
                  <span className={styles["why"]} title={cell?.why}>
                    {cell?.why}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
