import type { ReactNode } from "react";
import { t } from "../i18n/index.ts";
import { classNames } from "./classNames.ts";
import styles from "./Wizard.module.css";

export interface WizardStep<K extends string> {
  readonly key: K;
  readonly name: string;
  /** Called while it is the current one. */
  readonly show: () => ReactNode;
}

interface WizardProps<K extends string> {
  readonly label: string;
  readonly steps: readonly WizardStep<K>[];
  readonly current: K;
}

/** Something that takes a few steps: where a person stands in it, and the step itself. */
export function Wizard<K extends string>({ label, steps, current }: WizardProps<K>) {
  const reached = steps.findIndex(({ key }) => key === current);
  return (
    <>
      <ol className={styles["steps"]} aria-label={label}>
        {steps.map(({ key, name }, index) => (
          <li
            key={key}
            className={classNames(styles["step"], index <= reached && styles["reached"])}
            aria-current={index === reached ? "step" : undefined}
          >
            {name}
            {index < reached && <span className="visuallyHidden">, {t("common.done")}</span>}
          </li>
        ))}
      </ol>
      {steps[reached]?.show()}
    </>
  );
}
