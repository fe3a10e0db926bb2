import { useEffect, useId, useState, type ReactNode } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { ActionPreview, ActionResult, UserAction } from "../../../shared/contract/userActions.ts";
import type { User } from "../../../shared/contract/users.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox, Choice } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form, FormProblem } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { TextField } from "../../components/TextField.tsx";
import { type Action, useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { ActionOutcome } from "./ActionOutcome.tsx";
import { actionWords } from "./actionWords.ts";
import { MediaProgress } from "./MediaProgress.tsx";
import { PasswordChooser, useChoosingPassword } from "./PasswordChooser.tsx";
import styles from "./UserActions.module.css";

const HARMLESS: ReadonlySet<UserAction> = new Set([
  "help",
  "allow_new_identity",
  "unlock",
  "unsuspend",
  "lift_shadow_ban",
  "reactivate",
  "reset_password",
]);

interface ActionDialogProps {
  readonly account: Account;
  readonly user: User;
  readonly action: UserAction;
  readonly onChanged: (user: User) => void;
  readonly onClose: () => void;
}

/** Shows what an action would do to a user, as main has just read them, and does it. */
export function ActionDialog({ account, user, action, onChanged, onClose }: ActionDialogProps) {
  const { accountId } = account;
  const { userId } = user;
  const [preview, setPreview] = useState<ActionPreview | null>(null);
  const [result, setResult] = useState<ActionResult | null>(null);
  const look = useAction(async () => {
    const seen = await steward.userActions.preview({ accountId, userId, action });
    setPreview(seen);
    onChanged(seen.user);
  });
  const { run: lookNow } = look;
  useEffect(() => void lookNow(), [lookNow]);
  const title = t(`userActions.${action}.title`, { userId });
  if (result && preview) {
    const again = (): void => {
      setResult(null);
      setPreview(null);
      void lookNow();
    };
    return <ActionOutcome account={account} preview={preview} result={result} title={title} onAgain={again} onClose={onClose} />;
  }
  if (!preview || preview.refusal !== null) {
    return (
      <Dialog title={title} onClose={onClose} actions={<Button onPress={onClose}>{t("common.close")}</Button>}>
        {look.error && (
          <ErrorText
            error={look.error}
            actions={
              <Button small onPress={() => void lookNow()}>
                {t("common.retry")}
              </Button>
            }
          />
        )}
        {!preview && !look.error && <Skeleton label={t("userActions.looking")} lines={4} />}
        {preview?.refusal && <Notice tone="info">{t(`userActions.refusals.${preview.refusal}`, { userId })}</Notice>}
      </Dialog>
    );
  }
  const finished = (ended: ActionResult): void => {
    setResult(ended);
    if ("user" in ended && ended.user) onChanged(ended.user);
  };
  return (
    <Confirm key={preview.token} account={account} preview={preview} title={title} look={look} onResult={finished} onClose={onClose} />
  );
}

interface ConfirmProps {
  readonly account: Account;
  readonly preview: ActionPreview;
  readonly title: string;
  /** Looks again, because what was shown can no longer be acted on. */
  readonly look: Action<[], void>;
  readonly onResult: (result: ActionResult) => void;
  readonly onClose: () => void;
}

function Confirm({ account, preview, title, look, onResult, onClose }: ConfirmProps) {
  const { action, user, token, sessions } = preview;
  const { userId } = user;
  const [typed, setTyped] = useState("");
  const [signOut, setSignOut] = useState<"keep" | "signOut" | null>(null);
  const [mayReset, setMayReset] = useState(false);
  const [name, setName] = useState(user.displayName ?? nameIn(userId));
  const reactivates = action === "reactivate";
  /** Whether they may be active again without one, as main has it. */
  const mayHaveNone = reactivates && (preview.passwords !== true || user.appserviceId !== null);
  const choosing = useChoosingPassword(userId, mayHaveNone && user.appserviceId !== null ? "none" : "generated");
  const helps = action === "help";
  const setsPassword = action === "reset_password" || ((reactivates || helps) && preview.passwords !== false);
  const asksSessions = (action === "reset_password" || (helps && setsPassword)) && sessions !== 0;
  const perform = useAction(async () => {
    const displayName = reactivates && name.trim() !== "" ? name.trim() : null;
    const password = setsPassword && choosing.choice ? choosing.choice : { kind: "none" as const };
    const chosen = { typed, password, displayName, signOutSessions: signOut === "signOut", allowIdentityReset: mayReset };
    onResult(await steward.userActions.perform({ accountId: account.accountId, token: token!, ...chosen }));
  });
  const formId = useId();
  // What was shown can be acted on once.
  const over = perform.error !== null && perform.error.kind !== "not_confirmed";
  const { answer: access } = adminAccess.use(account.accountId);
  const words = actionWords(preview, access?.status === "admin" ? access.version : null);
  return (
    <Dialog
      title={title}
      alert={!HARMLESS.has(action)}
      wide
      onClose={onClose}
      actions={
        <>
          <Button
            look={HARMLESS.has(action) ? "primary" : "danger"}
            busy={perform.busy || look.busy}
            {...(over ? { onPress: () => void look.run() } : { type: "submit", form: formId })}
          >
            {over ? t("userActions.lookAgain") : t(`userActions.${action}.confirm`)}
          </Button>
          <Button isDisabled={perform.busy} onPress={onClose}>
            {t("common.cancel")}
          </Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void (over ? look : perform).run()}>
        <Part title={t("userActions.does")}>{words.does}</Part>
        {words.leaves.length > 0 && <Part title={t(reactivates ? "userActions.doesNot" : "userActions.leaves")}>{words.leaves}</Part>}
        {words.notes.map((note) => (
          <Notice key={note} tone="info">
            {note}
          </Notice>
        ))}
        {preview.ownAccount && <Notice tone="warn">{t("userActions.ownAccount", { userId })}</Notice>}
        {reactivates && (
          <TextField
            label={t("userActions.reactivate.displayName")}
            help={t("userActions.reactivate.nameHelp")}
            value={name}
            onChange={setName}
            maxLength={256}
          />
        )}
        {setsPassword && <PasswordChooser choosing={choosing} offersNone={mayHaveNone} />}
        {asksSessions && (
          <>
            <Choice
              label={t("userActions.reset_password.sessions")}
              look="cards"
              value={signOut}
              onChange={setSignOut}
              isRequired
              options={[
                { value: "keep", text: t("userActions.reset_password.keep"), explanation: t("userActions.reset_password.keepHelp") },
                {
                  value: "signOut",
                  text: t("userActions.reset_password.signOut"),
                  explanation:
                    sessions === null
                      ? t("userActions.reset_password.costUnknown")
                      : t("userActions.reset_password.cost", { count: sessions }),
                },
              ]}
            />
            <FormProblem when={signOut === null}>{t("userActions.reset_password.choose")}</FormProblem>
          </>
        )}
        {helps && (
          <Checkbox value={mayReset} onChange={setMayReset} explanation={t("userActions.help.identityHelp")}>
            {t("userActions.help.identity")}
          </Checkbox>
        )}
        {preview.typed && (
          <TextField
            label={t("userActions.typeLabel", { userId })}
            value={typed}
            onChange={setTyped}
            autoComplete="off"
            isRequired
            validate={(text) => (text.trim().toLowerCase() === userId.toLowerCase() ? null : t("userActions.typeProblem", { userId }))}
          />
        )}
        {perform.busy && action === "delete_uploads" && <MediaProgress accountId={account.accountId} userId={userId} />}
        {perform.error && <ErrorText error={perform.error} />}
        {look.error && <ErrorText error={look.error} />}
        {perform.error?.kind === "forbidden" && reactivates && choosing.kind !== "none" && (
          <Notice tone="info">{t("userActions.reactivate.forbidden")}</Notice>
        )}
      </Form>
    </Dialog>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: readonly ReactNode[] }) {
  const id = useId();
  return (
    <div className={styles["part"]}>
      <h3 id={id} className={styles["partTitle"]}>
        {title}
      </h3>
      <ul className={styles["list"]} aria-labelledby={id}>
        {children.map((child, index) => (
          <li key={index}>{child}</li>
        ))}
      </ul>
    </div>
  );
}

const nameIn = (userId: string): string => userId.slice(1, userId.indexOf(":"));
