import { useId, useState } from "react";
import type { UserDevice } from "../../../shared/contract/users.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { Form } from "../../components/Form.tsx";
import { TextField } from "../../components/TextField.tsx";
import { t } from "../../i18n/index.ts";

const DAY_MS = 86_400_000;
const MAX_DAYS = 10_000;

interface PruneDialogProps {
  readonly devices: readonly UserDevice[];
  readonly onClose: () => void;
  readonly onChosen: (old: readonly UserDevice[]) => void;
}

/** Asks how long ago sessions must have been seen last to be signed out. Of those that the server does not know it of, nothing is said. */
export function PruneDialog({ devices, onClose, onChosen }: PruneDialogProps) {
  const [typed, setTyped] = useState("90");
  const [now] = useState(() => Date.now());
  const text = typed.trim();
  const days = /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_DAYS ? Number(text) : null;
  const old = days === null ? [] : devices.filter(({ lastSeenAt }) => lastSeenAt !== null && lastSeenAt < now - days * DAY_MS);
  const unknown = devices.filter(({ lastSeenAt }) => lastSeenAt === null).length;
  const submit = (): void => {
    if (old.length > 0) onChosen(old);
  };
  const formId = useId();
  return (
    <Dialog
      title={t("users.pruneTitle")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" type="submit" form={formId} isDisabled={days !== null && old.length === 0}>
            {t("users.pruneNext", { count: old.length })}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <Form id={formId} onSubmit={submit}>
        <TextField
          label={t("users.pruneDays")}
          value={typed}
          onChange={setTyped}
          inputMode="numeric"
          isRequired
          validate={() => (days === null ? t("tokens.range", { least: 1, most: MAX_DAYS }) : null)}
        />
        <p role="status">{t("users.pruneFound", { count: old.length })}</p>
        {unknown > 0 && <p>{t("users.pruneUnknown", { count: unknown })}</p>}
      </Form>
    </Dialog>
  );
}
