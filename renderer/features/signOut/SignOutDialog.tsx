import { useEffect, useState } from "react";
import type { SignOutPreview } from "../../../shared/contract/accounts.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { backupFix, nameOf } from "../../accountHealth.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { ServerText } from "../../components/ServerText.tsx";
import { t } from "../../i18n/index.ts";
import { accountRemoved, useAccount } from "../../stores/accounts.ts";
import { announce } from "../../stores/announcements.ts";
import { closeDialog } from "../../stores/dialogs.ts";
import { waitingCredentials } from "../../stores/credentials.ts";
import { useJobs } from "../../stores/jobs.ts";
import { go } from "../../stores/routes.ts";
import { jobCosts } from "./jobCosts.ts";
import { useManagement } from "../accountPage/useManagement.ts";
import styles from "./SignOut.module.css";
import { signOutCosts } from "./signOutCosts.ts";

/** Says what signing out costs, in this account's own numbers, and offers to prevent it. */
export function SignOutDialog({ accountId }: { readonly accountId: AccountId }) {
  const account = useAccount(accountId);
  const jobs = useJobs((state) => state.open);
  const { answer: waiting } = waitingCredentials.use(accountId);
  const management = useManagement(accountId);
  const [preview, setPreview] = useState<SignOutPreview | null>(null);
  const [understood, setUnderstood] = useState(false);
  const look = useAction(async () => {
    await waitingCredentials.load(accountId);
    setPreview(await steward.accounts.signOutPreview({ accountId }));
  });
  const { run: lookOnce } = look;
  useEffect(() => {
    void lookOnce();
    // The preview belongs to the moment the dialog was opened.
  }, [accountId, lookOnce]);
  const signOut = useAction(async (userId: string) => {
    const { serverTold, triedLater } = await steward.accounts.signOut({ accountId });
    closeDialog();
    accountRemoved(accountId);
    if (serverTold) announce(() => t("signOut.done", { userId }));
    else announce(() => t(triedLater ? "signOut.toldLater" : "signOut.notTold", { userId }), "warn");
  });
  useEffect(() => {
    if (!account && !signOut.busy) closeDialog();
  }, [account, signOut.busy]);
  if (!account) return null;

  const costs = preview && [...jobCosts(jobs, accountId, waiting?.length), ...signOutCosts(preview, account.roomKeysSetAside)];
  const dear = costs?.some(({ tone }) => tone === "error") ?? false;
  const fix = preview && account.session.status === "running" ? backupFix({ ...emptyHealth, ...preview }) : null;
  const ready = costs !== null || look.error !== null;
  return (
    <Dialog
      title={t("signOut.title", { name: nameOf(account) })}
      onClose={() => !signOut.busy && closeDialog()}
      wide
      alert
      actions={
        <>
          {fix && (
            <Button
              look="primary"
              onPress={() => {
                closeDialog();
                go({ name: "account", accountId, page: "secureBackup" });
              }}
            >
              {t(`fix.${fix}`)}
            </Button>
          )}
          <Button
            look="danger"
            busy={signOut.busy}
            isDisabled={!ready || (dear && !understood)}
            onPress={() => void signOut.run(account.userId)}
          >
            {t(signOut.busy ? "signOut.submitting" : dear ? "signOut.submitAnyway" : "signOut.submit")}
          </Button>
          <Button autoFocus isDisabled={signOut.busy} onPress={closeDialog}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      <p className={styles["id"]}>
        <ServerText>{account.userId}</ServerText>
      </p>
      {!ready && <Skeleton label={t("signOut.looking")} lines={3} />}
      {look.error && <ErrorText error={look.error} />}
      {costs?.map(({ tone, text }) => (
        <Notice key={text} tone={tone}>
          {text}
        </Notice>
      ))}
      {ready && (
        <ul className={styles["list"]}>
          <li>{t("signOut.removes")}</li>
          <li>{t("signOut.keeps")}</li>
          {management?.delegated && <li>{t("signOut.browser", { server: account.homeserver.serverName })}</li>}
        </ul>
      )}
      {dear && (
        <Checkbox value={understood} onChange={setUnderstood}>
          {t("signOut.understand")}
        </Checkbox>
      )}
      {signOut.error && <ErrorText error={signOut.error} />}
    </Dialog>
  );
}

const emptyHealth = { checkedAt: 0, recoveryEmail: { kind: "unknown" }, otherSessions: null } as const;
