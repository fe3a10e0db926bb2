import { type ReactNode } from "react";
import { Dialog as AriaDialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { classNames } from "./classNames.ts";
import styles from "./Dialog.module.css";

interface DialogProps {
  readonly title: string;
  /** Called by Escape, and by a press outside when `dismissable`. */
  readonly onClose: () => void;
  readonly dismissable?: boolean;
  readonly wide?: boolean;
  readonly alert?: boolean;
  readonly children: ReactNode;
  /** The buttons, the most important first. */
  readonly actions?: ReactNode;
}

/** A dialog over the page. It keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, dismissable = false, wide, alert, children, actions }: DialogProps) {
  return (
    <ModalOverlay
      className={styles["overlay"] ?? ""}
      isOpen
      isDismissable={dismissable}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={classNames(styles["modal"], wide && styles["wide"])}>
        <AriaDialog className={styles["dialog"] ?? ""} role={alert ? "alertdialog" : "dialog"}>
          <Heading slot="title" level={2} className={styles["title"] ?? ""}>
            {title}
          </Heading>
          <div className={styles["body"]}>{children}</div>
          {actions && <div className={styles["actions"]}>{actions}</div>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
