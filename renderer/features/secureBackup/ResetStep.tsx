import { useEffect, useState, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { ResetPreview } from "../../../shared/contract/secureBackup.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { confirmReset } from "../../stores/secureBackup.ts";
import { resetCosts } from "./resetCosts.ts";
import styles from "./SecureBackup.module.css";

interface ResetStepProps {
  readonly account: Account;
  readonly later: ReactNode;
}

/** Says in this account's own numbers what a reset costs, and asks for its name before going on. */
export function ResetStep({ account: { accountId }, later }: ResetStepProps) {
  const [preview, setPreview] = useState<ResetPreview | null>(null);
  const [typed, setTyped] = useState("");
  const [deleteUnopened, setDeleteUnopened] = useState(false);
  const look = useAction(async () => setPreview(await steward.secureBackup.resetPreview({ accountId })));
  const { run: lookOnce } = look;
  useEffect(() => {
    void lookOnce();
    // The preview belongs to the moment the page was opened.
  }, [accountId, lookOnce]);
  if (look.error) return <ErrorText error={look.error} actions={later} />;
  if (!preview) return <Skeleton label={t("backup.reset.looking")} lines={5} />;

  const { lost, kept } = resetCosts(preview, deleteUnopened);
  const matches = typed.trim().toLowerCase() === preview.confirmation.toLowerCase();
  return (
    <Form onSubmit={() => confirmReset(accountId, { typed, deleteUnopened })}>
      <p>{t("backup.reset.when")}</p>
      <Section title={t("backup.reset.lost")}>
        {lost.map(({ tone, text }) => (
          <Notice key={text} tone={tone}>
            {text}
          </Notice>
        ))}
      </Section>
      <Section title={t("backup.reset.kept")}>
        <ul className={styles["list"]}>
          {kept.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </Section>
      {preview.backups.some(({ opensHere }) => !opensHere) && (
        <Checkbox value={deleteUnopened} onChange={setDeleteUnopened}>
          {t("backup.reset.deleteUnopened")}
        </Checkbox>
      )}
      <TextField
        label={t("backup.reset.field", { name: preview.confirmation })}
        help={t("backup.reset.fieldHelp")}
        value={typed}
        onChange={setTyped}
        autoComplete="off"
        isRequired
        validate={() => (matches ? null : t("backup.reset.fieldProblem", { name: preview.confirmation }))}
      />
      <Buttons end={later}>
        <Button type="submit" look="danger">
          {t("common.continue")}
        </Button>
      </Buttons>
    </Form>
  );
}
