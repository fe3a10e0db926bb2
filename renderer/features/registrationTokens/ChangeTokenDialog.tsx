import { useId, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { RegistrationToken } from "../../../shared/contract/registrationTokens.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { SelectField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { dateText, t } from "../../i18n/index.ts";
import { EXPIRIES, expiresAfter, MAX_USES, readCount } from "./tokenState.ts";

interface ChangeTokenDialogProps {
  readonly account: Account;
  readonly token: RegistrationToken;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

const AS_IT_IS = "as it is";

/** Changes how often a token can be used, and how long it works. What isn't changed isn't sent. */
export function ChangeTokenDialog({ account, token: known, onChanged, onClose }: ChangeTokenDialogProps) {
  const { token, usesAllowed, expiresAt, pending, completed } = known;
  const [uses, setUses] = useState(usesAllowed === null ? "" : String(usesAllowed));
  const [expiry, setExpiry] = useState<string>(AS_IT_IS);
  const wanted = readCount(uses, 1, MAX_USES);
  const save = useAction(async () => {
    const changes = {
      ...(wanted !== undefined && wanted !== usesAllowed && { usesAllowed: wanted }),
      ...(expiry !== AS_IT_IS && { expiresAt: expiresAfter(expiry) }),
    };
    if (Object.keys(changes).length > 0)
      await steward.registrationTokens.change({ accountId: account.accountId, token, changes, seen: { usesAllowed, expiresAt } });
    onChanged();
    onClose();
  });
  const formId = useId();
  return (
    <Dialog
      title={t("tokens.changeTitle", { token })}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" type="submit" form={formId} busy={save.busy}>
            {t("common.save")}
          </Button>
          <Button isDisabled={save.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void save.run()}>
        <TextField
          label={t("tokens.usesOfOne")}
          help={t("tokens.usesOfOneHelp", { used: pending + completed })}
          value={uses}
          onChange={setUses}
          inputMode="numeric"
          validate={() => (wanted === undefined ? t("tokens.range", { least: 1, most: MAX_USES }) : null)}
        />
        <SelectField
          label={t("tokens.expiry")}
          value={expiry}
          onChange={setExpiry}
          options={[
            { value: AS_IT_IS, text: expiresAt === null ? t("tokens.keepNever") : t("tokens.keepUntil", { date: dateText(expiresAt) }) },
            ...EXPIRIES.filter((days) => days !== "0" || expiresAt !== null).map((days) => ({
              value: days,
              text: days === "0" ? t("tokens.never") : t("tokens.daysFromNow", { count: Number(days) }),
            })),
          ]}
        />
        {save.error && <ErrorText error={save.error} />}
      </Form>
    </Dialog>
  );
}
