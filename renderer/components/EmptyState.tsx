import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./EmptyState.module.css";

interface EmptyStateProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly text: string;
  readonly action?: ReactNode;
}

/** What stands where a list would stand: why it is empty, and what to do. */
export function EmptyState({ icon: Icon, title, text, action }: EmptyStateProps) {
  return (
    <div className={styles["empty"]}>
      <Icon size={28} strokeWidth={1.5} aria-hidden />
      <h2 className={styles["title"]}>{title}</h2>
      <p className={styles["text"]}>{text}</p>
      {action}
    </div>
  );
}
