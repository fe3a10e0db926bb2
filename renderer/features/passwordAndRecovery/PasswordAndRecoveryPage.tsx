import { ExternalLink } from "lucide-react";
import { useEffect } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { PasswordState } from "../../../shared/contract/password.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Page, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { passwordStates } from "../../stores/password.ts";
import { go } from "../../stores/routes.ts";
import { Addresses } from "./Addresses.tsx";
import { ChangePassword } from "./ChangePassword.tsx";

/** What an account is signed in with. */
export function PasswordAndRecoveryPage({ account }: { readonly account: Account }) {
  const { accountId, session } = account;
  return (
    <Page title={t("nav.passwordAndRecovery")} subtitle={t("password.subtitle")}>
      {session.status === "running" ? (
        <>
          <Addresses accountId={accountId} />
          <Password account={account} />
        </>
      ) : session.status === "starting" ? (
        <Skeleton label={t("app.loading")} lines={4} />
      ) : (
        <Notice
          tone="info"
          actions={
            <Button small onPress={() => go({ name: "account", accountId, page: "overview" })}>
              {t("backup.goOverview")}
            </Button>
          }
        >
          {t("password.notRunning")}
        </Notice>
      )}
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
      {state?.change === "elsewhere" && <Elsewhere account={account} state={state} />}
    </Section>
  );
}

function Elsewhere({ account, state: { manageUrl } }: { readonly account: Account; readonly state: PasswordState }) {
  const { accountId, homeserver } = account;
  const open = useAction((url: string) => steward.app.openExternal({ url, accountId }));
  return (
    <>
      <Notice
        tone="info"
        actions={
          manageUrl !== null && (
            <Button small icon={ExternalLink} busy={open.busy} onPress={() => void open.run(manageUrl)}>
              {t("password.manage")}
            </Button>
          )
        }
      >
        {t("password.elsewhere", { server: homeserver.serverName })}
      </Notice>
      {open.error && <ErrorText error={open.error} />}
    </>
  );
}
