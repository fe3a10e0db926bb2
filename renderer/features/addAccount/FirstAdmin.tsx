import { useState } from "react";
import type { Homeserver } from "../../../shared/contract/signIn.ts";
import { readUsername } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Form } from "../../components/Page.tsx";
import { PasswordField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { fieldProblemText, t } from "../../i18n/index.ts";
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
  const [tried, setTried] = useState(false);
  const password = useNewPassphrase((typed) => steward.newUsers.strength({ userId: `@${username}:${serverName}`, password: typed }));
  const name = readUsername(username, knownName);
  const insecure = homeserver.warnings.includes("insecure_http");
  const create = useAction(async () => {
    const input = { baseUrl, serverName: knownName, acceptInsecureHttp: accepted, sharedSecret, username, password: password.typed };
    const { accountId } = await steward.firstAdmin.create(input);
    setSharedSecret("");
    onDone(accountId);
  });
  const submit = (): void => {
    setTried(true);
    if (name.problem === undefined && sharedSecret !== "" && password.ready && (!insecure || accepted)) void create.run();
  };
  return (
    <Form onSubmit={submit}>
      {insecure && <InsecureConnection server={serverName} accepted={accepted} onAccepted={setAccepted} boxText={t("firstAdmin.acceptHttp")} />}
      <PasswordField
        label={t("firstAdmin.secret")}
        help={t("firstAdmin.secretHelp")}
        value={sharedSecret}
        onChange={setSharedSecret}
        autoComplete="off"
        autoFocus
        problem={tried && sharedSecret === "" ? t("firstAdmin.secretRequired") : null}
      />
      <TextField
        label={t("create.username")}
        value={username}
        onChange={(typed) => setUsername(typed.toLowerCase())}
        autoComplete="off"
        problem={(tried || username !== "") && name.problem ? fieldProblemText("username", name.problem) : null}
      />
      <NewPassword password={password} tried={tried} isFirst />
      {tried && insecure && !accepted && (
        <Notice tone="error" live>
          {t("create.acceptHttpRequired")}
        </Notice>
      )}
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
