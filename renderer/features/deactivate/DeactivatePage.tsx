import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { DeactivationPreview, DeactivationResult } from "../../../shared/contract/deactivation.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { NotRunning } from "../../components/NotRunning.tsx";
import { Buttons, Page, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { dateText, t } from "../../i18n/index.ts";
import { deactivate, deactivationPreviews } from "../../stores/deactivation.ts";
import { CheckList } from "./CheckList.tsx";
import { AccountPageLink } from "../accountPage/AccountPageLink.tsx";
import { useManagementLoad } from "../accountPage/useManagement.ts";
import styles from "./Deactivate.module.css";

/** Ends an account for good: what to do before, what it costs, and the final yes. */
export function DeactivatePage({ account }: { readonly account: Account }) {
  const { accountId, userId, homeserver } = account;
  // Nothing is offered before it is known who does it.
  const { answer: management, error: notKnown } = useManagementLoad(accountId);
  const running = account.session.status === "running";
  const { answer: preview, error, loading } = deactivationPreviews.use(accountId);
  useEffect(() => {
    if (running) void deactivationPreviews.load(accountId);
  }, [accountId, running]);
  const retry = <Button onPress={() => void deactivationPreviews.load(accountId)}>{t("common.retry")}</Button>;
  return (
    <Page title={t("deactivate.title")} subtitle={t("deactivate.subtitle", { userId })}>
      {!running && <NotRunning accountId={accountId} text={t("deactivate.notRunning")} />}
      {error && <ErrorText error={error} actions={retry} />}
      {!preview && loading && <Skeleton label={t("deactivate.looking")} lines={6} />}
      {preview && running && (management || notKnown) && (
        <>
          {preview.unansweredSince !== null && (
            <Notice tone="warn">{t("deactivate.unansweredSince", { when: dateText(preview.unansweredSince) })}</Notice>
          )}
          {management?.delegated ? (
            <AccountPageLink accountId={accountId} management={management} action="deactivate">
              {t("deactivate.delegated", { server: homeserver.serverName, userId })}
            </AccountPageLink>
          ) : (
            <>
              <CheckList account={account} preview={preview} />
              <Consequences account={account} preview={preview} />
              <FinalYes account={account} preview={preview} />
            </>
          )}
        </>
      )}
    </Page>
  );
}

/** Where nobody has seen a Secure Backup on the server, nor that there is none. */
const MAY_LACK_BACKUP = ["unknown", "identity_changed"];

function Consequences({ account, preview }: { readonly account: Account; readonly preview: DeactivationPreview }) {
  const { userId, addresses, otherSessions, singleSignOn } = preview;
  const { homeserver, health } = account;
  const backup = health?.secureBackup ?? "unknown";
  return (
    <Section title={t("deactivate.consequences")}>
      <ul className={styles["list"]}>
        <li>{t("deactivate.noWayBack")}</li>
        <li>{t("deactivate.nameStays", { userId })}</li>
        <li>{otherSessions === null ? t("deactivate.signedOutEverywhere") : t("deactivate.signedOut", { count: otherSessions + 1 })}</li>
        <li>{t("deactivate.leavesRooms")}</li>
        {addresses?.length !== 0 && <li>{t("deactivate.notFound")}</li>}
        {backup !== "not_set_up" && <li>{t(MAY_LACK_BACKUP.includes(backup) ? "deactivate.backupMayGo" : "deactivate.backupGoes")}</li>}
        <li>{t("deactivate.messagesStay")}</li>
        {singleSignOn !== false && <li>{t("deactivate.loginTied", { server: homeserver.serverName })}</li>}
      </ul>
    </Section>
  );
}

function FinalYes({ account, preview }: { readonly account: Account; readonly preview: DeactivationPreview }) {
  const { accountId } = account;
  const { userId } = preview;
  const [erase, setErase] = useState(false);
  const [typed, setTyped] = useState("");
  const [result, setResult] = useState<Exclude<DeactivationResult, { status: "done" }> | null>(null);
  const confirm = useAction(async () => {
    setResult(null);
    const answer = await deactivate(accountId, typed, erase);
    if (answer.status === "done") return;
    setResult(answer);
    await deactivationPreviews.load(accountId);
  });
  const matches = typed.trim().toLowerCase() === userId.toLowerCase();
  return (
    <Section title={t("deactivate.finalTitle")}>
      <Form onSubmit={() => void confirm.run()}>
        {!confirm.busy && (
          <Checkbox value={erase} onChange={setErase} explanation={t("deactivate.eraseHelp")}>
            {t("deactivate.erase")}
          </Checkbox>
        )}
        {confirm.busy && <p className={styles["help"]}>{t(erase ? "deactivate.eraseOn" : "deactivate.eraseOff")}</p>}
        <TextField
          label={t("deactivate.field", { userId })}
          help={t("deactivate.fieldHelp")}
          value={typed}
          onChange={setTyped}
          isDisabled={confirm.busy}
          autoComplete="off"
          isRequired
          validate={() => (matches ? null : t("deactivate.fieldProblem", { userId }))}
        />
        {confirm.error && <ErrorText error={confirm.error} />}
        {result && <NotDone result={result} />}
        <Buttons>
          <Button type="submit" look="danger" busy={confirm.busy}>
            {t(confirm.busy ? "deactivate.submitting" : "deactivate.submit")}
          </Button>
        </Buttons>
      </Form>
    </Section>
  );
}

/** Why the account is still there, and what has changed all the same. */
function NotDone({ result }: { readonly result: Exclude<DeactivationResult, { status: "done" }> }) {
  if (result.status === "unanswered") {
    return (
      <>
        <ErrorText error={result.error} />
        <Notice tone="warn">{t(result.sessionWorks ? "deactivate.unansweredWorks" : "deactivate.unanswered")}</Notice>
      </>
    );
  }
  const { removed } = result;
  return (
    <>
      <ErrorText error={result.error} />
      {removed === null || removed.length > 0 ? (
        <Notice tone="warn">
          {removed === null
            ? t("deactivate.refusedUnknown")
            : t("deactivate.refusedRemoved", { addresses: removed.map(({ address }) => address).join(", ") })}
        </Notice>
      ) : (
        <Notice tone="info">{t("deactivate.refused")}</Notice>
      )}
    </>
  );
}
