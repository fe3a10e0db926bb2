import { useState } from "react";
import type { Homeserver } from "../../../shared/contract/signIn.ts";
import { readUsername } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PasswordField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { problemText, t } from "../../i18n/index.ts";
import { NewPassword } from "../passwordAndRecovery/NewPassword.tsx";
import { InsecureConnection } from "./InsecureConnection.tsx";

interface FirstAdminProps {
  readonly homeserver: Homeserver;
  readonly onDone: (accountId: AccountId) => void;
  readonly onBack: () => void;
}

/** Makes an admin of a homeserver with the secret from its configuration. The secret is gone with the form. */
export function FirstAdmin({ homeserver, onDone, onBack }: FirstAdminProps) {
  const { baseUrl, serverName } = homeserver;
  const knownName = homeserver.foundBy === "url" ? null : serverName;
  const [sharedSecret, setSharedSecret] = useState("");
  const [username, setUsername] = useState("");
  const [accepted, setAccepted] = useState(false);
  const password = useNewPassphrase((typed) => steward.newUsers.strength({ userId: `@${username}:${serverName}`, password: typed }));
  const insecure = homeserver.warnings.includes("insecure_http");
  const create = useAction(async () => {
    const input = { baseUrl, serverName: knownName, acceptInsecureHttp: accepted, sharedSecret, username, password: password.typed };
    const { accountId } = await steward.firstAdmin.create(input);
    setSharedSecret("");
    onDone(accountId);
  });
  return (
    <Form onSubmit={() => void create.run()}>
      {insecure && (
        <InsecureConnection
          server={serverName}
          accepted={accepted}
          onAccepted={setAccepted}
          boxText={t("firstAdmin.acceptHttp")}
          required={t("create.acceptHttpRequired")}
        />
      )}
      <PasswordField
        label={t("firstAdmin.secret")}
        help={t("firstAdmin.secretHelp")}
        value={sharedSecret}
        onChange={setSharedSecret}
        autoComplete="off"
        autoFocus
        isRequired
        validate={(typed) => (typed === "" ? t("firstAdmin.secretRequired") : null)}
      />
      <TextField
        label={t("create.username")}
        value={username}
        onChange={(typed) => setUsername(typed.toLowerCase())}
        autoComplete="off"
        isRequired
        validate={(typed) => problemText("username", readUsername(typed, knownName))}
        eager
      />
      <NewPassword password={password} isFirst />
      {create.error && <ErrorText error={create.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={create.busy}>
          {t("firstAdmin.submit")}
        </Button>
        <Button isDisabled={create.busy} onPress={onBack}>
          {t("common.back")}
        </Button>
      </Buttons>
    </Form>
  );
}
