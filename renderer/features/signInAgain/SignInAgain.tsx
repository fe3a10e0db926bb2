import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { LoginFlow } from "../../../shared/contract/signIn.ts";
import type { AppError } from "../../../shared/errors.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { loadRecoveries, recoveryFor, useRecoveries } from "../../stores/recoveries.ts";
import { RecoverAccount } from "../recover/RecoverAccount.tsx";
import { OauthSignIn } from "./OauthSignIn.tsx";
import styles from "./SingleSignOn.module.css";
import { SingleSignOn } from "./SingleSignOn.tsx";

/**
 * The form of an account that the server has signed out: the password, and the session goes on as before. Where its
 * secrets are beyond opening, it goes on with a session that has nothing of the one before.
 */
export function SignInAgain({ account }: { readonly account: Account }) {
  const { accountId, userId, session } = account;
  const [password, setPassword] = useState("");
  const again = useAction(() => steward.signIn.again({ accountId, password }));
  const flows = useLoginFlows(account.homeserver.baseUrl);
  const oauth = flows?.find((flow) => flow.kind === "oauth");
  const sso = oauth ? undefined : flows?.find((flow) => flow.kind === "sso");
  // A server that cannot say leaves the password.
  const takesPassword = flows?.some(({ kind }) => kind === "password") ?? true;
  const unfinished = useRecoveries(({ open }) => recoveryFor(open, accountId));
  const [forgotten, setForgotten] = useState(false);
  useEffect(() => void loadRecoveries().catch(() => undefined), []);
  // It stays to be seen when it ends.
  if (unfinished && !forgotten) setForgotten(true);
  if (forgotten) {
    const { serverName, baseUrl } = account.homeserver;
    return (
      <RecoverAccount
        target={{ serverName, server: serverName, baseUrl, accountId, insecure: false }}
        recoveryId={unfinished?.recoveryId ?? null}
        address=""
        onBack={() => setForgotten(false)}
        onDone={() => setForgotten(false)}
      />
    );
  }
  return (
    <>
      <Notice tone="warn">{t(`again.${textOf(session.error)}`)}</Notice>
      {oauth && (
        <OauthSignIn
          server={account.homeserver.serverName}
          serverName={account.homeserver.serverName}
          baseUrl={account.homeserver.baseUrl}
          localpart={null}
          byCode={oauth.code}
          accountId={accountId}
          acceptInsecureHttp
          onDone={() => undefined}
        />
      )}
      {oauth && takesPassword && <p className={styles["or"]}>{t("add.sso.or")}</p>}
      {takesPassword && (
        <Form onSubmit={() => void (password && again.run())}>
          <PasswordField label={t("again.password", { userId })} value={password} onChange={setPassword} autoComplete="current-password" />
          {again.error && <ErrorText error={again.error} wrongCredentials={t("again.wrongPassword")} />}
          <Buttons>
            <Button type="submit" look="primary" busy={again.busy} isDisabled={password === ""}>
              {t(again.busy ? "again.submitting" : "again.submit")}
            </Button>
            <Button look="quiet" isDisabled={again.busy} onPress={() => setForgotten(true)}>
              {t("recover.link")}
            </Button>
          </Buttons>
        </Form>
      )}
      {sso && takesPassword && <p className={styles["or"]}>{t("add.sso.or")}</p>}
      {sso && (
        <SingleSignOn
          flow={sso}
          serverName={account.homeserver.serverName}
          baseUrl={account.homeserver.baseUrl}
          accountId={accountId}
          acceptInsecureHttp
          onDone={() => undefined}
        />
      )}
    </>
  );
}

/** How one signs in at the account's homeserver now; null until that is known. */
function useLoginFlows(baseUrl: string): readonly LoginFlow[] | null {
  const [offered, setOffered] = useState<readonly LoginFlow[] | null>(null);
  useEffect(() => {
    let left = false;
    void steward.signIn.findHomeserver({ input: baseUrl }).then(
      ({ flows }) => left || setOffered(flows),
      () => undefined,
    );
    return () => {
      left = true;
    };
  }, [baseUrl]);
  return offered;
}

function textOf(error: AppError | null): "text" | "hardText" | "sealedText" | "missingText" {
  if (error?.kind === "passphrase_forgotten") return "sealedText";
  if (error?.kind === "secret_missing") return "missingText";
  return error?.kind === "unauthenticated" && !error.softLogout ? "hardText" : "text";
}
