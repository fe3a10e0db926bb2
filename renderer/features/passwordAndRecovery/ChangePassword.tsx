import { useEffect, useState } from "react";
import type { PasswordState } from "../../../shared/contract/password.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { passwordStates } from "../../stores/password.ts";
import { go } from "../../stores/routes.ts";
import { sessionLists } from "../../stores/sessions.ts";
import { BeforeChanging } from "./BeforeChanging.tsx";
import { NewPassword } from "./NewPassword.tsx";
import { changeOutcome } from "./passwordWords.ts";

interface ChangePasswordProps {
  readonly accountId: AccountId;
  readonly state: PasswordState;
}

/** Sets a new password, or the first. The current one is asked for by the Challenge, where the server wants it. */
export function ChangePassword({ accountId, state }: ChangePasswordProps) {
  const { answer: sessions } = sessionLists.use(accountId);
  useEffect(() => void sessionLists.load(accountId), [accountId]);
  const password = useNewPassphrase((newPassword) => steward.password.strength({ accountId, newPassword }));
  const [others, setOthers] = useState<"keep" | "signOut">("keep");
  const [changes, setChanges] = useState(0);
  const [refused, setRefused] = useState<string | null>(null);
  const [outcome, setOutcome] = useState<ReturnType<typeof changeOutcome> | null>(null);
  const change = useAction(async () => {
    const { typed } = password;
    const signOutOthers = others === "signOut";
    setOutcome(null);
    setRefused(typed);
    const changed = await steward.password.change({ accountId, newPassword: typed, signOutOthers });
    setOutcome(changeOutcome(changed, signOutOthers));
    setRefused(null);
    setChanges((before) => before + 1);
    password.clear();
    void passwordStates.load(accountId);
  });
  const first = state.hasPassword === false;
  const ofField = change.error?.kind === "password_refused" ? change.error : null;
  return (
    <>
      {first && <p>{t("password.setText")}</p>}
      <BeforeChanging accountId={accountId} />
      <Form round={changes} onSubmit={() => void change.run()}>
        <NewPassword password={password} refused={refused === password.typed ? ofField : null} />
        <OtherSessions count={sessions && sessions.filter(({ thisSession }) => !thisSession).length} value={others} onChange={setOthers} />
        {change.error && !ofField && <ErrorText error={change.error} />}
        {outcome && (
          <Notice
            tone={outcome.tone}
            live
            actions={
              <Button small onPress={() => go({ name: "account", accountId, page: "sessions" })}>
                {t("fix.review_sessions")}
              </Button>
            }
          >
            {outcome.text}
          </Notice>
        )}
        <Buttons>
          <Button type="submit" look="primary" busy={change.busy}>
            {t(first ? "password.set" : "password.change")}
          </Button>
        </Buttons>
      </Form>
    </>
  );
}

interface OtherSessionsProps {
  /** How many there are; null while that is not known. */
  readonly count: number | null;
  readonly value: "keep" | "signOut";
  readonly onChange: (value: "keep" | "signOut") => void;
}

function OtherSessions({ count, value, onChange }: OtherSessionsProps) {
  if (count === 0) return <p>{t("password.noOthers")}</p>;
  const cost = count === null ? t("password.signOutCostUnknown") : t("password.signOutCost", { count });
  return (
    <Choice
      label={t("password.others")}
      look="cards"
      value={value}
      onChange={onChange}
      options={[
        { value: "keep", text: t("password.keep"), explanation: t("password.keepReason") },
        { value: "signOut", text: t("password.signOut"), explanation: cost },
      ]}
    />
  );
}
