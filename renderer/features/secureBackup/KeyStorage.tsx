import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, focusPageTitle, Section } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { speak } from "../../stores/announcements.ts";
import { turnOff, turnOn } from "../../stores/secureBackup.ts";
import { OlderBackups } from "./OlderBackups.tsx";
import styles from "./SecureBackup.module.css";

interface KeyStorageProps {
  readonly account: Account;
  readonly state: SecureBackupState;
}

/** Turns key storage off where there is one, and shows the older backups that are still kept. */
export function KeyStorage({ account, state }: KeyStorageProps) {
  const [asking, setAsking] = useState(false);
  return (
    <Section title={t("backup.storage.title")}>
      <p>{t("backup.storage.on")}</p>
      <Buttons>
        <Button onPress={() => setAsking(true)}>{t("backup.storage.turnOff")}</Button>
      </Buttons>
      {state.backup && <OlderBackups key={state.backup.version} accountId={account.accountId} newest={state.backup.version} />}
      {asking && (
        <DialogBoundary onClose={() => setAsking(false)}>
          <TurnOffDialog account={account} state={state} onClose={() => setAsking(false)} />
        </DialogBoundary>
      )}
    </Section>
  );
}

/** Says what turning off deletes, before anything is deleted. */
function TurnOffDialog({ account, state, onClose }: KeyStorageProps & { readonly onClose: () => void }) {
  const [deleteUnopened, setDeleteUnopened] = useState(false);
  const { backup } = state;
  // Turned off already, and still there: this session does not have all of it.
  const mayStay = backup !== null && (!backup.opensHere || state.turnedOff);
  const off = useAction(async () => {
    await turnOff(account.accountId, deleteUnopened);
    onClose();
    speak(t("backup.storage.offDone"));
    focusPageTitle();
  });
  return (
    <Dialog
      title={t("backup.storage.offTitle")}
      onClose={() => !off.busy && onClose()}
      alert
      actions={
        <>
          <Button look="danger" busy={off.busy} onPress={() => void off.run()}>
            {t(off.busy ? "backup.storage.offBusy" : "backup.storage.offSubmit")}
          </Button>
          <Button autoFocus isDisabled={off.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      {backup && (!mayStay || deleteUnopened) && <Notice tone="error">{t("backup.storage.offKeys", { count: backup.keyCount })}</Notice>}
      {backup && !mayStay && <p>{t("backup.storage.offTaken")}</p>}
      {mayStay && !deleteUnopened && <Notice tone="info">{t("backup.storage.offStays")}</Notice>}
      {mayStay && (
        <Checkbox value={deleteUnopened} onChange={setDeleteUnopened}>
          {t("backup.storage.offUnopened")}
        </Checkbox>
      )}
      <Notice tone="warn">{t("backup.storage.offSecrets")}</Notice>
      <p className={styles["quiet"]}>{t("backup.storage.offKept")}</p>
      {off.error && <ErrorText error={off.error} />}
    </Dialog>
  );
}

/** Key storage was declared off while secrets or a backup are still there: on again, or all the way off. */
export function HalfOff({ account, state }: KeyStorageProps) {
  const { accountId } = account;
  const [asking, setAsking] = useState(false);
  const on = useAction(() => turnOn(accountId));
  const off = useAction(() => turnOff(accountId, false));
  const error = on.error ?? off.error;
  return (
    <>
      <p>{t("backup.storage.left")}</p>
      {state.backup && <p>{t("backup.storage.leftBackup", { keys: t("backup.keyCount", { count: state.backup.keyCount }) })}</p>}
      {error && <ErrorText error={error} />}
      <Buttons>
        <Button look="primary" busy={on.busy} isDisabled={off.busy} onPress={() => void on.run()}>
          {t("backup.storage.turnOn")}
        </Button>
        <Button look="danger" busy={off.busy} isDisabled={on.busy} onPress={() => (state.backup ? setAsking(true) : void off.run())}>
          {t("backup.storage.takeAway")}
        </Button>
      </Buttons>
      {asking && (
        <DialogBoundary onClose={() => setAsking(false)}>
          <TurnOffDialog account={account} state={state} onClose={() => setAsking(false)} />
        </DialogBoundary>
      )}
    </>
  );
}
