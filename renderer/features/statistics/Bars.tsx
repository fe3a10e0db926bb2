import { numberText, t } from "../../i18n/index.ts";
import styles from "./Statistics.module.css";

export interface Bar {
  readonly id: string;
  readonly name: string;
  readonly count: number;
  /** Shows those who are counted; absent where they cannot be listed. */
  readonly onShow?: () => void;
}

/** Numbers as a table with small bars, each of which leads to those who are counted. */
export function Bars({ label, bars }: { readonly label: string; readonly bars: readonly Bar[] }) {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <table className={styles["bars"]} aria-label={label}>
      <tbody>
        {bars.map(({ id, name, count, onShow }) => (
          <tr key={id}>
            <th scope="row">
              {onShow ? (
                <button type="button" className={styles["name"]} aria-label={t("statistics.show", { name, count })} onClick={onShow}>
                  {name}
                </button>
              ) : (
                <span className={styles["name"]}>{name}</span>
              )}
            </th>
            <td aria-hidden>
              <div className={styles["bar"]} data-empty={count === 0 ? "" : undefined} style={{ width: `${(100 * count) / most}%` }} />
            </td>
            <td className={styles["count"]}>{numberText(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
