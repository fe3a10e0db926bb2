import { ExternalLink } from "lucide-react";
import { useState } from "react";
import type { Challenge, Stage } from "../../../shared/contract/challenges.ts";
import type { AppError } from "../../../shared/errors.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useAccount } from "../../stores/accounts.ts";
import { challengeRead } from "../../stores/challenges.ts";
import { ContactList } from "../recover/ServerContacts.tsx";

/** Asks what the server wants to know before it does something. The conversation itself lives in main. */
export function ChallengeDialog({ challenge }: { readonly challenge: Challenge }) {
  const { challengeId, accountId, purpose } = challenge;
  const account = useAccount(accountId);
  const cancel = useAction(() => steward.challenges.cancel({ challengeId }));
  // While an answer is checked the question stays, so that the window does not jump.
  const asked = challenge.status === "asking" ? challenge.stage : null;
  const [question, setQuestion] = useState<Stage | null>(asked);
  if (asked !== null && asked !== question) setQuestion(asked);
  const leave = (): void => {
    if (challenge.status === "failed") challengeRead(challengeId);
    else void cancel.run();
  };
  const params = { server: account?.homeserver.serverName ?? "", userId: account?.userId ?? "" };
  return (
    <Dialog title={t("challenge.title")} onClose={leave}>
      <p>{t(question?.kind === "password" ? `challenge.purpose.${purpose}` : `challenge.purposeOther.${purpose}`, params)}</p>
      {challenge.status === "failed" ? (
        <Failed error={challenge.error} onClose={leave} />
      ) : (
        <Question challenge={challenge} stage={question} onCancel={leave} />
      )}
      {cancel.error && <ErrorText error={cancel.error} />}
    </Dialog>
  );
}

function Failed({ error, onClose }: { readonly error: AppError | null; readonly onClose: () => void }) {
  return (
    <>
      {error ? <ErrorText error={error} /> : <Notice tone="error">{t("challenge.failed")}</Notice>}
      <Buttons>
        <Button autoFocus onPress={onClose}>
          {t("common.close")}
        </Button>
      </Buttons>
    </>
  );
}

interface QuestionProps {
  readonly challenge: Challenge;
  readonly stage: Stage | null;
  readonly onCancel: () => void;
}

function Question({ challenge, stage, onCancel }: QuestionProps) {
  switch (stage?.kind) {
    case "password":
      return <PasswordQuestion challenge={challenge} onCancel={onCancel} />;
    case "sso":
    case "browser":
      return <BrowserQuestion challenge={challenge} stage={stage} onCancel={onCancel} />;
    case "none_offered":
      return <NoneOffered challenge={challenge} onCancel={onCancel} />;
    case "unsupported":
      return (
        <>
          <Notice tone="error">{t("challenge.unsupported", { type: stage.type })}</Notice>
          <Buttons>
            <Button onPress={onCancel}>{t("common.cancel")}</Button>
          </Buttons>
        </>
      );
    default:
      return (
        <>
          <p role="status">{t("challenge.waiting")}</p>
          <Buttons>
            <Button onPress={onCancel}>{t("common.cancel")}</Button>
          </Buttons>
        </>
      );
  }
}

/** Only the people who run the server can help. */
function NoneOffered({ challenge, onCancel }: Pick<QuestionProps, "challenge" | "onCancel">) {
  const homeserver = useAccount(challenge.accountId)?.homeserver;
  return (
    <>
      <Notice tone="error">{t("challenge.noneOffered", { server: homeserver?.serverName ?? "" })}</Notice>
      {homeserver && <ContactList serverName={homeserver.serverName} baseUrl={homeserver.baseUrl} server={homeserver.serverName} />}
      <Buttons>
        <Button onPress={onCancel}>{t("common.close")}</Button>
      </Buttons>
    </>
  );
}

function PasswordQuestion({ challenge, onCancel }: { readonly challenge: Challenge; readonly onCancel: () => void }) {
  const { challengeId } = challenge;
  const [password, setPassword] = useState("");
  const answer = useAction(() => steward.challenges.answer({ challengeId, answer: { kind: "password", password } }));
  const checking = answer.busy || challenge.status === "checking";
  const error = answer.error ?? (!checking && challenge.status === "asking" ? challenge.error : null);
  return (
    <Form
      onSubmit={() => {
        if (!checking) void answer.run();
      }}
    >
      <PasswordField
        label={t("challenge.password")}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        autoFocus
        isRequired
        validate={(typed) => (typed === "" ? t("challenge.passwordRequired") : null)}
      />
      {error && <ErrorText error={error} wrongCredentials={t("challenge.wrongPassword")} />}
      <Buttons>
        <Button type="submit" look="primary" busy={checking}>
          {t(checking ? "challenge.checking" : "challenge.submit")}
        </Button>
        <Button onPress={onCancel}>{t("common.cancel")}</Button>
      </Buttons>
    </Form>
  );
}

/** The host as the browser will show it: names beyond ASCII in their ASCII form, which no look-alike shares. */
function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

interface BrowserQuestionProps {
  readonly challenge: Challenge;
  readonly stage: Extract<Stage, { url: string }>;
  readonly onCancel: () => void;
}

function BrowserQuestion({ challenge, stage: { kind, url }, onCancel }: BrowserQuestionProps) {
  const { challengeId, accountId } = challenge;
  const [opened, setOpened] = useState(false);
  const open = useAction(async () => {
    await steward.app.openExternal({ url, accountId });
    setOpened(true);
  });
  const answer = useAction(() => steward.challenges.answer({ challengeId, answer: { kind } }));
  const checking = answer.busy || challenge.status === "checking";
  const error = open.error ?? answer.error ?? (!checking && challenge.status === "asking" ? challenge.error : null);
  return (
    <>
      <p>{t(kind === "sso" ? "challenge.ssoText" : "challenge.browserText")}</p>
      <p>
        {t("challenge.opensAt")} <bdi>{hostOf(url)}</bdi>
      </p>
      {error && <ErrorText error={error} />}
      <Buttons>
        <Button look={opened ? "plain" : "primary"} icon={ExternalLink} busy={open.busy} onPress={() => void open.run()}>
          {t("challenge.openBrowser")}
        </Button>
        <Button look={opened ? "primary" : "plain"} isDisabled={!opened} busy={checking} onPress={() => void answer.run()}>
          {t("challenge.browserDone")}
        </Button>
        <Button onPress={onCancel}>{t("common.cancel")}</Button>
      </Buttons>
    </>
  );
}
