import type { AppError } from "../../../shared/errors.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { t } from "../../i18n/index.ts";
import styles from "./Activity.module.css";

/** One thing that helps. */
export interface HelpStep {
  readonly text: string;
  readonly button: string;
  readonly look?: "danger";
  readonly busy: boolean;
  readonly onPress: () => void;
  /** What is said in the button's place once it is done. */
  readonly done?: string | null;
  readonly error?: AppError | null;
}

interface NotMineDialogProps {
  /** What happened that the person did not do. */
  readonly text: string;
  readonly steps: readonly HelpStep[];
  readonly error?: AppError | null;
  readonly onClose: () => void;
}

/** What to do when somebody else was at work, in the order in which it helps, each step with what it costs. */
export function NotMineDialog({ text, steps, error, onClose }: NotMineDialogProps) {
  const begun = steps.some(({ done }) => Boolean(done));
  return (
    <Dialog
      title={t("newSessions.notMineTitle")}
      onClose={onClose}
      wide
      actions={<Button onPress={onClose}>{t(begun ? "common.done" : "common.cancel")}</Button>}
    >
      <p>{text}</p>
      {error && <ErrorText error={error} />}
      <ol className={styles["steps"]}>
        {steps.map((step) => (
          <li key={step.text}>
            <p>{step.text}</p>
            {step.done ? (
              <p role="status">{step.done}</p>
            ) : (
              <Button {...(step.look && { look: step.look })} busy={step.busy} onPress={step.onPress}>
                {step.button}
              </Button>
            )}
            {step.error && <ErrorText error={step.error} />}
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
