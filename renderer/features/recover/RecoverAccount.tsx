import { useState } from "react";
import type { Recovery } from "../../../shared/contract/recovery.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { useOnceWhen } from "../../components/useOnceWhen.ts";
import { t } from "../../i18n/index.ts";
import { useRecoveries } from "../../stores/recoveries.ts";
import { NewPassword } from "../passwordAndRecovery/NewPassword.tsx";
import { RecoverForm, type RecoverTarget } from "./RecoverForm.tsx";
import { RecoverWaiting } from "./RecoverWaiting.tsx";

interface RecoverAccountProps {
  readonly target: RecoverTarget;
  /** One that is under way; null begins with the form. */
  readonly recoveryId: ConversationId | null;
  /** What was typed where the password was asked for. */
  readonly address: string;
  readonly onBack: () => void;
  readonly onDone: (accountId: AccountId) => void;
}

/** Replaces a forgotten password: the form, the mail, and signing in with the new one. */
export function RecoverAccount({ target, recoveryId: given, address: typed, onBack, onDone }: RecoverAccountProps) {
  const [recoveryId, setRecoveryId] = useState(given);
  const [editing, setEditing] = useState(given === null);
  const recovery = useRecoveries(({ open }) => open.find((one) => one.recoveryId === recoveryId));
  const [address, setAddress] = useState(recovery?.address ?? typed);
  const doneAs = recovery?.status === "done" ? recovery.accountId : null;
  useOnceWhen(doneAs, onDone);
  useOnceWhen(recovery?.status === "cancelled", onBack);
  if (!recovery || (editing && recovery.status === "waiting")) {
    return (
      <RecoverForm
        target={target}
        address={address}
        onAddress={setAddress}
        onStarted={(started) => {
          // Another address is another recovery: the one before ends.
          if (recoveryId !== null && recoveryId !== started) void steward.recovery.cancel({ recoveryId }).catch(() => undefined);
          setRecoveryId(started);
          setEditing(false);
        }}
        // What is under way goes on: only "Don’t reset" ends it.
        onBack={recovery ? () => setEditing(false) : onBack}
      />
    );
  }
  switch (recovery.status) {
    case "waiting":
      return <RecoverWaiting recovery={recovery} server={target.server} onChange={() => setEditing(true)} />;
    case "password_needed":
      return <AnotherPassword recovery={recovery} />;
    case "changed":
      return <Changed recovery={recovery} target={target} />;
    case "failed":
      return (
        <ErrorText
          error={recovery.error}
          actions={
            <Button
              small
              onPress={() => {
                setRecoveryId(null);
                setEditing(true);
              }}
            >
              {t("recover.failed")}
            </Button>
          }
        />
      );
    default:
      return null;
  }
}

/** Asks for a password once more: the mail that was sent counts as before. */
function AnotherPassword({ recovery }: { readonly recovery: Extract<Recovery, { status: "password_needed" }> }) {
  const { recoveryId, address, refused } = recovery;
  const password = useNewPassphrase((newPassword) => steward.recovery.strength({ address, newPassword }));
  const set = useAction(() => steward.recovery.setPassword({ recoveryId, newPassword: password.typed }));
  const cancel = useAction(() => steward.recovery.cancel({ recoveryId }));
  const ofField = set.error?.kind === "password_refused" ? set.error : null;
  return (
    <Form onSubmit={() => void set.run()}>
      {refused === null ? (
        <Notice tone="info">{t("recover.retype", { address })}</Notice>
      ) : (
        <Notice tone="error" live>
          {t("recover.another")} {t(`errorReasons.password_refused.${refused}`)}
        </Notice>
      )}
      <NewPassword password={password} refused={ofField} />
      {set.error && !ofField && <ErrorText error={set.error} />}
      {cancel.error && <ErrorText error={cancel.error} />}
      <Buttons
        end={
          <Button look="quiet" busy={cancel.busy} onPress={() => void cancel.run()}>
            {t("recover.cancel")}
          </Button>
        }
      >
        <Button type="submit" look="primary" busy={set.busy}>
          {t("recover.continue")}
        </Button>
      </Buttons>
    </Form>
  );
}

function Changed({ recovery, target }: { readonly recovery: Recovery; readonly target: RecoverTarget }) {
  const { recoveryId, accountId, address, signOutOthers } = recovery;
  const signIn = useAction(() => steward.recovery.signIn({ recoveryId }));
  const leave = useAction(() => steward.recovery.cancel({ recoveryId }));
  const wrong = accountId === null ? null : t("recover.otherAccount", { address, server: target.server });
  return (
    <>
      <Notice tone="success" live>
        {t(signOutOthers ? "recover.changedSignedOut" : "recover.changed")}
      </Notice>
      <p>{t("recover.next")}</p>
      {signIn.error && <ErrorText error={signIn.error} {...(wrong !== null && { wrongCredentials: wrong })} />}
      <Buttons>
        <Button look="primary" autoFocus busy={signIn.busy} onPress={() => void signIn.run()}>
          {t(signIn.busy ? "recover.signingIn" : "recover.signIn")}
        </Button>
        <Button isDisabled={signIn.busy} busy={leave.busy} onPress={() => void leave.run()}>
          {t("recover.back")}
        </Button>
      </Buttons>
    </>
  );
}
