import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { errorOf, steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, focusPageTitle, Section } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import { forgetKeptKey, keepOnThisComputer, loadSecureBackup } from "../../stores/secureBackup.ts";
import styles from "./SecureBackup.module.css";
import { ShownKey } from "./ShownKey.tsx";

interface KeptKeyProps {
  readonly account: Account;
  readonly state: SecureBackupState;
}

/** The Security Key on this computer: kept if the person wants that, shown again, forgotten. */
export function KeptKey({ account, state }: KeptKeyProps) {
  const { status, place } = state.keptKey;
  return (
    <Section title={t("backup.kept.title")}>
      {status === "current" && <Current account={account} place={place} />}
      {status === "older" && <Useless account={account} text={t("backup.kept.older")} />}
      {status === "unreadable" &&
        // Where the other secrets can be read, it is the kept key alone that is damaged.
        (place === null ? (
          <Notice tone="warn">{t("backup.kept.unreadable")}</Notice>
        ) : (
          <Useless account={account} text={t("backup.kept.damaged")} />
        ))}
      {status === "none" &&
        (place === "memory" ? <p className={styles["quiet"]}>{t("backup.kept.memory")}</p> : <Off account={account} state={state} />)}
    </Section>
  );
}

function Meaning({ place }: { readonly place: SecureBackupState["keptKey"]["place"] }) {
  return <p className={styles["quiet"]}>{t(`backup.kept.meaning.${place === "passphrase" ? place : "keychain"}`)}</p>;
}

function Off({ account: { accountId }, state }: KeptKeyProps) {
  const [asking, setAsking] = useState(false);
  const [keyOrPhrase, setKeyOrPhrase] = useState("");
  const keep = useAction(async () => {
    await keepOnThisComputer(accountId, keyOrPhrase);
    speak(t("backup.kept.done"));
    focusPageTitle();
  });
  const stop = (): void => {
    setAsking(false);
    setKeyOrPhrase("");
    keep.reset();
  };
  const hasPhrase = state.key?.hasPhrase ?? false;
  return (
    <>
      <p>{t("backup.kept.off")}</p>
      <Meaning place={state.keptKey.place} />
      {asking ? (
        <Form onSubmit={() => void keep.run()}>
          <p>{t(hasPhrase ? "backup.kept.textPhrase" : "backup.kept.text")}</p>
          <PasswordField
            label={t(hasPhrase ? "backup.unlock.field" : "backup.unlock.fieldKey")}
            value={keyOrPhrase}
            onChange={setKeyOrPhrase}
            autoComplete="off"
            autoFocus
            isRequired
            validate={(typed) => (typed.trim() === "" ? t("backup.kept.required") : null)}
          />
          {keep.error && <ErrorText error={keep.error} />}
          <Buttons>
            <Button type="submit" look="primary" busy={keep.busy}>
              {t(keep.busy ? "backup.kept.submitting" : "backup.kept.submit")}
            </Button>
            <Button isDisabled={keep.busy} onPress={stop}>
              {t("common.cancel")}
            </Button>
          </Buttons>
        </Form>
      ) : (
        <Buttons>
          <Button onPress={() => setAsking(true)}>{t("backup.kept.keep")}</Button>
        </Buttons>
      )}
    </>
  );
}

/** The key is in this window only while it is shown; whoever leaves the page leaves it hidden. */
function Current({ account, place }: { readonly account: Account; readonly place: SecureBackupState["keptKey"]["place"] }) {
  const { accountId } = account;
  const [shown, setShown] = useState<string | null>(null);
  const [forgetting, setForgetting] = useState(false);
  const show = useAction(async () => {
    try {
      setShown((await steward.secureBackup.showKeptKey({ accountId })).securityKey);
    } catch (thrown) {
      // The key was replaced since this page was read.
      if (errorOf(thrown).kind === "kept_key_outdated") void loadSecureBackup(accountId);
      throw thrown;
    }
  });
  return (
    <>
      <p>{t("backup.kept.on")}</p>
      <Meaning place={place} />
      {shown !== null && <ShownKey account={account} securityKey={shown} which="kept" />}
      {show.error && <ErrorText error={show.error} />}
      <Buttons>
        {shown === null ? (
          <Button busy={show.busy} onPress={() => void show.run()}>
            {t("backup.kept.show")}
          </Button>
        ) : (
          <Button onPress={() => setShown(null)}>{t("backup.kept.hide")}</Button>
        )}
        <Button onPress={() => setForgetting(true)}>{t("backup.kept.forgetAsk")}</Button>
      </Buttons>
      {forgetting && (
        <DialogBoundary onClose={() => setForgetting(false)}>
          <ForgetDialog account={account} onClose={() => setForgetting(false)} />
        </DialogBoundary>
      )}
    </>
  );
}

/** A kept key that opens nothing here as things stand. It may still be the only copy, so it is forgotten after a question. */
function Useless({ account, text }: { readonly account: Account; readonly text: string }) {
  const [forgetting, setForgetting] = useState(false);
  return (
    <>
      <Notice
        tone="warn"
        actions={
          <Button small onPress={() => setForgetting(true)}>
            {t("backup.kept.forgetAsk")}
          </Button>
        }
      >
        {text}
      </Notice>
      {forgetting && (
        <DialogBoundary onClose={() => setForgetting(false)}>
          <ForgetDialog account={account} onClose={() => setForgetting(false)} />
        </DialogBoundary>
      )}
    </>
  );
}

function ForgetDialog({ account, onClose }: { readonly account: Account; readonly onClose: () => void }) {
  const forget = useAction(async () => {
    await forgetKeptKey(account.accountId);
    speak(t("backup.kept.forgotten"));
    focusPageTitle();
  });
  return (
    <Dialog
      title={t("backup.kept.forgetTitle")}
      onClose={() => !forget.busy && onClose()}
      alert
      actions={
        <>
          <Button look="danger" busy={forget.busy} onPress={() => void forget.run()}>
            {t("backup.kept.forget")}
          </Button>
          <Button autoFocus isDisabled={forget.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      <p>{t("backup.kept.forgetText")}</p>
      {forget.error && <ErrorText error={forget.error} />}
    </Dialog>
  );
}
