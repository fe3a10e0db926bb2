import type { ReactNode } from "react";
import { classNames } from "./classNames.ts";
import styles from "./Table.module.css";

interface TableProps<T> {
  readonly label: string;
  /** `hideName`: for screen readers alone. `gives`: gets narrower before the others do. */
  readonly columns: readonly {
    readonly id: string;
    readonly name: string;
    readonly hideName?: boolean;
    readonly gives?: boolean;
  }[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** The cells of a row, one for each column; the first names the row. */
  readonly cells: (row: T) => readonly ReactNode[];
  /** Rows turn into cards where there is no room for the columns. */
  readonly cards?: boolean;
}

/** A table; the first cell of a row names the row. */
export function Table<T>({ label, columns, rows, keyOf, cells, cards }: TableProps<T>) {
  // The roles are said again because a table element that is laid out as a grid may lose them.
  return (
    <div className={classNames(styles["frame"], cards && styles["cards"])}>
      <table className={styles["table"]} role="table" aria-label={label}>
        <thead role="rowgroup" className={styles["head"]}>
          <tr role="row">
            {columns.map(({ id, name, hideName }) => (
              <th key={id} role="columnheader" scope="col">
                <span className={hideName ? "visuallyHidden" : undefined}>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {cells(row).map((cell, index) => {
                const column = columns[index];
                return index === 0 ? (
                  <th key={column?.id} role="rowheader" scope="row">
                    {cell}
                  </th>
                ) : (
                  <td
                    key={column?.id}
                    role="cell"
                    className={column?.gives ? styles["gives"] : undefined}
                    data-name={column?.hideName ? undefined : column?.name}
                  >
                    {cell}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
