import { useCallback, useEffect } from "react";
import type { AccountManagement } from "../../../shared/contract/accountManagement.ts";
import type { Account } from "../../../shared/contract/accounts.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { NotRunning } from "../../components/NotRunning.tsx";
import { Page, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { t } from "../../i18n/index.ts";
import { accountAddresses } from "../../stores/addresses.ts";
import { passwordStates } from "../../stores/password.ts";
import { AccountPageLink } from "../accountPage/AccountPageLink.tsx";
import { useManagement } from "../accountPage/useManagement.ts";
import { MoveToBrowser } from "../signInAgain/MoveToBrowser.tsx";
import { Addresses } from "./Addresses.tsx";
import { ChangePassword } from "./ChangePassword.tsx";
import { Discovery } from "./Discovery.tsx";

/** What an account is signed in with. */
export function PasswordAndRecoveryPage({ account }: { readonly account: Account }) {
  const { accountId, session } = account;
  const management = useManagement(accountId);
  return (
    <Page title={t("nav.passwordAndRecovery")} subtitle={t("password.subtitle")}>
      {session.status === "running" ? (
        <>
          <Addresses accountId={accountId} delegated={management?.delegated ?? false} />
          {management?.delegated ? <OnServersPage account={account} management={management} /> : <Password account={account} />}
          <Discovery accountId={accountId} />
        </>
      ) : session.status === "starting" ? (
        <Skeleton label={t("app.loading")} lines={4} />
      ) : (
        <NotRunning accountId={accountId} text={t("password.notRunning")} />
      )}
      {/* Stays while the session is started anew with what the page gave. */}
      <MoveToBrowser account={account} />
    </Page>
  );
}

function Password({ account }: { readonly account: Account }) {
  const { accountId } = account;
  const { answer: state, error } = passwordStates.use(accountId);
  useEffect(() => void passwordStates.load(accountId), [accountId]);
  const retry = <Button onPress={() => void passwordStates.load(accountId)}>{t("common.retry")}</Button>;
  return (
    <Section title={t(state?.hasPassword === false ? "password.setTitle" : "password.title")}>
      {error && <ErrorText error={error} actions={retry} />}
      {!state && !error && <Skeleton label={t("app.loading")} lines={4} />}
      {state?.change === "possible" && <ChangePassword accountId={accountId} state={state} />}
      {state?.change === "not_allowed" && <Notice tone="info">{t("password.notAllowed")}</Notice>}
    </Section>
  );
}

interface OnServersPageProps {
  readonly account: Account;
  readonly management: AccountManagement;
}

/** In place of what an OAuth 2.0 homeserver does on a page of its own. */
function OnServersPage({ account: { accountId, userId, homeserver }, management }: OnServersPageProps) {
  const reload = useCallback(() => accountAddresses.reload(accountId), [accountId]);
  return (
    <Section title={t("password.title")}>
      <AccountPageLink accountId={accountId} management={management} action="profile" onReturn={reload}>
        {t("password.elsewhere", { server: homeserver.serverName, userId })}
      </AccountPageLink>
    </Section>
  );
}
