import { t } from "../i18n/index.ts";
import { classNames } from "./classNames.ts";
import styles from "./Steps.module.css";

interface StepsProps {
  readonly label: string;
  readonly names: readonly string[];
  /** The step that is shown, from 0. */
  readonly current: number;
}

/** Where a person stands in something that takes a few steps. */
export function Steps({ label, names, current }: StepsProps) {
  return (
    <ol className={styles["steps"]} aria-label={label}>
      {names.map((name, index) => (
        <li
          key={name}
          className={classNames(styles["step"], index <= current && styles["reached"])}
          aria-current={index === current ? "step" : undefined}
        >
          {name}
          {index < current && <span className="visuallyHidden">, {t("common.done")}</span>}
        </li>
      ))}
    </ol>
  );
}
