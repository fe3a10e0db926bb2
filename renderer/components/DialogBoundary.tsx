import { type ReactNode } from "react";
import { t } from "../i18n/index.ts";
import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { Notice } from "./Notice.tsx";

interface DialogBoundaryProps {
  /** Takes the dialog off the screen. */
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Stands around a dialog: when drawing that fails, it says so in its place, and the page behind stays as it is. */
export function DialogBoundary({ onClose, children }: DialogBoundaryProps) {
  const failed = (
    <Dialog
      title={t("app.dialogFailed")}
      alert
      onClose={onClose}
      actions={
        <Button autoFocus onPress={onClose}>
          {t("common.close")}
        </Button>
      }
    >
      <Notice tone="error">{t("app.dialogFailedText")}</Notice>
    </Dialog>
  );
  return <ErrorBoundary fallback={() => failed}>{children}</ErrorBoundary>;
}
