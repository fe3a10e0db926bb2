import type { ReactNode } from "react";
import { ServerText } from "./ServerText.tsx";
import styles from "./Rows.module.css";

/** A framed list of lines that each say something and may offer one thing to do. */
export function Rows({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <ul className={styles["rows"]} aria-label={label}>
      {children}
    </ul>
  );
}

interface RowProps {
  readonly icon?: ReactNode;
  readonly title: string;
  readonly text?: string;
  readonly end?: ReactNode;
  /** Across the whole line, as what went wrong with it. */
  readonly below?: ReactNode;
}

/** One line of `Rows`. */
export function Row({ icon, title, text, end, below }: RowProps) {
  return (
    <li className={styles["row"]}>
      {icon && <span className={styles["icon"]}>{icon}</span>}
      <span className={styles["words"]}>
        <span className={styles["title"]}>
          <ServerText>{title}</ServerText>
        </span>
        {text && <span className={styles["text"]}>{text}</span>}
      </span>
      {end && <span className={styles["end"]}>{end}</span>}
      {below && <div className={styles["below"]}>{below}</div>}
    </li>
  );
}
