import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUp } from "../../../shared/contract/setUp.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { cancelSetUp, confirmSetUp, intend, useSecureBackup } from "../../stores/secureBackup.ts";
import { keepingOf } from "./storeSecurityKeyChoice.ts";
import { bareKey, compareKey } from "./securityKey.ts";

interface TypeBackStepProps {
  readonly account: Account;
  readonly kind: SetUp["kind"];
  readonly method: SetUp["method"];
  readonly onBack: () => void;
}

/**
 * The key comes back from where it was kept. Main decides whether it is right; here it is said where it
 * differs.
 */
export function TypeBackStep({ account, kind, method, onBack }: TypeBackStepProps) {
  const { accountId } = account;
  const { shownKey, state } = useSecureBackup(accountId);
  const [typed, setTyped] = useState("");
  const [wanted, setWanted] = useState<boolean | null>(null);
  const keeping = keepingOf(state?.keptKey, wanted);
  const confirm = useAction(() => confirmSetUp(accountId, typed, keeping.answer));
  const cancel = useAction(async () => {
    await cancelSetUp(accountId);
    intend(accountId, null);
    go({ name: "account", accountId, page: "overview" });
  });
  // A phrase is taken in the place of the key, so only main can tell whether what was typed is right.
  const comparable = method === "key" ? shownKey : null;
  return (
    <Form onSubmit={() => void confirm.run()}>
      <h2 className="visuallyHidden">{t("backup.type.heading")}</h2>
      <p>{t(method === "phrase" ? "backup.type.textPhrase" : "backup.type.text")}</p>
      <TextField
        label={t("backup.type.field")}
        keyArea
        value={typed}
        onChange={(value) => {
          setTyped(value);
          confirm.reset();
        }}
        autoComplete="off"
        autoFocus
        isRequired
        validate={(value) => problemOf(comparable, value)}
      />
      {keeping.offered && (
        <Checkbox value={keeping.ticked} onChange={setWanted}>
          {t("backup.type.keep")}
        </Checkbox>
      )}
      {confirm.error && <ErrorText error={confirm.error} />}
      {cancel.error && <ErrorText error={cancel.error} />}
      <Buttons
        end={
          <Button look="quiet" busy={cancel.busy} isDisabled={confirm.busy} onPress={() => void cancel.run()}>
            {t("backup.keep.cancel")}
          </Button>
        }
      >
        <Button type="submit" look="primary" busy={confirm.busy}>
          {t(`backup.type.submit.${kind}`)}
        </Button>
        <Button isDisabled={confirm.busy} onPress={onBack}>
          {t("common.back")}
        </Button>
      </Buttons>
    </Form>
  );
}

function problemOf(shownKey: string | null, typed: string): string | null {
  if (bareKey(typed) === "") return t("backup.type.required");
  if (shownKey === null) return null;
  const compared = compareKey(shownKey, typed);
  switch (compared.kind) {
    case "same":
      return null;
    case "short":
      return t("backup.type.short", { typed: compared.typed, total: compared.total });
    case "different":
      return t("backup.type.differs", { group: compared.group });
  }
}
