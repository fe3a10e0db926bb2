import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from "lucide-react";
import type { ReactNode } from "react";
import { t } from "../i18n/index.ts";
import { Button } from "./Button.tsx";
import { classNames } from "./classNames.ts";
import styles from "./Notice.module.css";

const icons = { info: Info, warn: TriangleAlert, error: CircleAlert, success: CircleCheck } as const;

interface NoticeProps {
  readonly tone: keyof typeof icons;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
  readonly onDismiss?: () => void;
  /** Read aloud when it appears: for what is the answer to something the person did. */
  readonly live?: boolean;
}

/** A box with something the person should read. */
export function Notice({ tone, children, actions, onDismiss, live }: NoticeProps) {
  const Icon = icons[tone];
  return (
    <div className={classNames(styles["notice"], styles[tone])} role={live ? (tone === "error" ? "alert" : "status") : undefined}>
      <Icon size={16} aria-label={t(`common.${tone}`)} role="img" />
      <div className={styles["body"]}>
        <div>{children}</div>
        {actions && <div className={styles["actions"]}>{actions}</div>}
      </div>
      {onDismiss && <Button look="quiet" small icon={X} aria-label={t("common.dismiss")} onPress={onDismiss} />}
    </div>
  );
}
