import { useState } from "react";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { readEmail } from "../../../shared/fields.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { problemText, refusedFieldText, t } from "../../i18n/index.ts";
import { NewPassword } from "../passwordAndRecovery/NewPassword.tsx";
import { ServerContacts } from "./ServerContacts.tsx";
import { InsecureConnection } from "../addAccount/InsecureConnection.tsx";

/** Where a password was forgotten. */
export interface RecoverTarget {
  /** Null when the homeserver was given as a URL: its name is not known then. */
  readonly serverName: string | null;
  /** How the homeserver is called on the screen. */
  readonly server: string;
  readonly baseUrl: string;
  /** The account that was signed out here; null where it is not here. */
  readonly accountId: AccountId | null;
  /** The connection is not encrypted, and the person has not yet accepted that. */
  readonly insecure: boolean;
}

interface RecoverFormProps {
  readonly target: RecoverTarget;
  readonly address: string;
  readonly onAddress: (address: string) => void;
  readonly onStarted: (recoveryId: ConversationId) => void;
  readonly onBack: () => void;
}

/** Asks for the email address of the account and for the new password, and says what that costs. */
export function RecoverForm({ target, address, onAddress, onStarted, onBack }: RecoverFormProps) {
  const { serverName, server, baseUrl, accountId, insecure } = target;
  const [others, setOthers] = useState<"keep" | "signOut">("keep");
  const [accepted, setAccepted] = useState(false);
  const password = useNewPassphrase((newPassword) => steward.recovery.strength({ address, newPassword }));
  const [refused, setRefused] = useState("");
  const start = useAction(async () => {
    const signOutOthers = others === "signOut";
    setRefused(password.typed);
    const { recoveryId } = await steward.recovery.start({
      serverName,
      baseUrl,
      accountId,
      address,
      newPassword: password.typed,
      signOutOthers,
      acceptInsecureHttp: accepted,
    });
    onStarted(recoveryId);
  });
  const ofAddress = refusedFieldText(start.error, "address");
  const ofPassword = start.error?.kind === "password_refused" ? start.error : null;
  return (
    <>
      <Form onSubmit={() => void start.run()}>
        {insecure && (
          <InsecureConnection server={server} accepted={accepted} onAccepted={setAccepted} required={t("add.acceptHttpRequired")} />
        )}
        <Notice tone="warn">{t("recover.before")}</Notice>
        <TextField
          label={t("recover.email")}
          help={t("recover.emailHelp")}
          type="email"
          value={address}
          onChange={onAddress}
          autoComplete="email"
          autoFocus
          isRequired
          validate={(typed) => problemText("address", readEmail(typed))}
          problem={ofAddress}
        />
        <NewPassword password={password} refused={refused === password.typed ? ofPassword : null} />
        <Choice
          label={t("recover.others")}
          look="cards"
          value={others}
          onChange={setOthers}
          options={[
            { value: "keep", text: t("recover.keep"), explanation: t("recover.keepReason") },
            { value: "signOut", text: t("recover.signOut"), explanation: t("recover.signOutReason") },
          ]}
        />
        {others === "signOut" && <Notice tone="warn">{t("recover.beforeSignOut")}</Notice>}
        {start.error && !ofPassword && ofAddress === null && readEmail(address).problem === undefined && <ErrorText error={start.error} />}
        <Buttons>
          <Button type="submit" look="primary" busy={start.busy}>
            {t(start.busy ? "recover.sending" : "recover.send")}
          </Button>
          <Button isDisabled={start.busy} onPress={onBack}>
            {t("recover.back")}
          </Button>
        </Buttons>
      </Form>
      <ServerContacts serverName={serverName} baseUrl={baseUrl} server={server} />
    </>
  );
}
