import { UserPlus } from "lucide-react";
import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { t } from "../../i18n/index.ts";
import { NewUserDialog } from "./NewUserDialog.tsx";

interface NewUserButtonProps {
  readonly account: Account;
  readonly onCreated: () => void;
  readonly onOpen: (userId: string) => void;
}

/** Leads to a new user of the account's server. */
export function NewUserButton({ account, onCreated, onOpen }: NewUserButtonProps) {
  const [open, setOpen] = useState(false);
  const close = (): void => setOpen(false);
  const openUser = (userId: string): void => {
    close();
    onOpen(userId);
  };
  return (
    <>
      <Button look="primary" icon={UserPlus} onPress={() => setOpen(true)}>
        {t("newUser.button")}
      </Button>
      {open && (
        <DialogBoundary onClose={close}>
          <NewUserDialog account={account} onCreated={onCreated} onOpen={openUser} onClose={close} />
        </DialogBoundary>
      )}
    </>
  );
}
