import type { Verdict } from "../accountHealth.ts";
import { classNames } from "./classNames.ts";
import styles from "./Pill.module.css";

/** A word or two on a coloured ground. The words say it all; the colour only helps the eye. */
export function Pill({ tone, text }: Verdict) {
  return (
    <span className={classNames(styles["pill"], styles[tone])} title={text}>
      {text}
    </span>
  );
}
