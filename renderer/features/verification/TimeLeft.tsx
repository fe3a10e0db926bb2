import { useEffect, useState } from "react";
import { durationText, t } from "../../i18n/index.ts";
import styles from "./Verification.module.css";

/** How long until it ends by itself. A screen reader is told once, and not every second. */
export function TimeLeft({ until }: { readonly until: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return <p className={styles["quiet"]}>{t("verification.timeLeft", { time: durationText(until - now) })}</p>;
}
