import { ExternalLink } from "lucide-react";
import { useState } from "react";
import type { Registration } from "../../../shared/contract/registration.ts";
import { readEmail } from "../../../shared/fields.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PoliciesForm } from "../../components/PoliciesForm.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { problemText, t } from "../../i18n/index.ts";
import { PhoneStage } from "./PhoneStage.tsx";
import { type Asking, type StageProps, serverOf, useAnswer } from "./stage.ts";

/** The step that the server wants done now. */
export function StageForm({ registration }: { readonly registration: Asking }) {
  const { stage } = registration;
  switch (stage.kind) {
    case "terms":
      return <TermsForm registration={registration} stage={stage} />;
    case "email":
      return <EmailForm key={stage.address} registration={registration} stage={stage} />;
    case "phone":
      return <PhoneStage key={stage.number} registration={registration} stage={stage} />;
    case "token":
      return <TokenForm registration={registration} stage={stage} />;
    case "browser":
      return <BrowserForm registration={registration} stage={stage} />;
    case "unsupported":
      return <Notice tone="error">{t("create.unsupported", { server: serverOf(registration), type: stage.type })}</Notice>;
  }
}

function TermsForm({ registration, stage: { policies } }: StageProps<"terms">) {
  const { registrationId, checking, error } = registration;
  const open = useAction((url: string) => steward.registration.openPage({ registrationId, url }));
  const answer = useAnswer(registration);
  return (
    <PoliciesForm
      policies={policies}
      text={t(policies.length === 0 ? "create.termsNone" : "create.termsText", { server: serverOf(registration) })}
      submitText={t("common.continue")}
      busy={checking || answer.busy}
      error={open.error ?? answer.error ?? error}
      onRead={(url) => void open.run(url)}
      onAccept={() => void answer.run({ kind: "terms", accepted: policies.map(({ id }) => id) })}
    />
  );
}

function EmailForm({ registration, stage: { address, sent } }: StageProps<"email">) {
  const { registrationId, checking, error } = registration;
  const [changing, setChanging] = useState(false);
  const answer = useAnswer(registration);
  const resend = useAction(() => steward.registration.resend({ registrationId }));
  const failure = answer.error ?? resend.error ?? error;
  return (
    <>
      {sent && (
        <>
          <p>{t("create.emailSent", { address })}</p>
          <p>{t("create.emailOnce")}</p>
        </>
      )}
      {failure && <ErrorText error={failure} />}
      {changing ? (
        <EmailChange registration={registration} onCancel={() => setChanging(false)} />
      ) : (
        <Buttons>
          {sent && (
            <Button look="primary" busy={checking} onPress={() => void answer.run({ kind: "email" })}>
              {t("create.emailDone")}
            </Button>
          )}
          <Button isDisabled={checking} onPress={() => void resend.run()}>
            {t(sent ? "create.emailSendAgain" : "create.emailSend")}
          </Button>
          <Button isDisabled={checking} onPress={() => setChanging(true)}>
            {t("create.emailChange")}
          </Button>
        </Buttons>
      )}
    </>
  );
}

interface EmailChangeProps {
  readonly registration: Registration;
  readonly onCancel?: () => void;
}

/** Another email address for the same account. */
export function EmailChange({ registration: { registrationId, email }, onCancel }: EmailChangeProps) {
  const [typed, setTyped] = useState(email ?? "");
  const read = readEmail(typed);
  const change = useAction((address: string) => steward.registration.change({ registrationId, email: address }));
  return (
    <Form onSubmit={() => void (read.value !== undefined && change.run(read.value))}>
      <TextField
        label={t("create.emailNew")}
        type="email"
        value={typed}
        onChange={setTyped}
        autoComplete="email"
        autoFocus
        isRequired
        validate={() => problemText("email", read)}
      />
      {change.error && <ErrorText error={change.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={change.busy}>
          {t("create.emailSave")}
        </Button>
        {onCancel && <Button onPress={onCancel}>{t("common.cancel")}</Button>}
      </Buttons>
    </Form>
  );
}

function TokenForm({ registration }: StageProps<"token">) {
  const { checking, error } = registration;
  const [token, setToken] = useState("");
  const answer = useAnswer(registration);
  const failure = answer.error ?? error;
  return (
    <Form onSubmit={() => void answer.run({ kind: "token", token })}>
      <p>{t("create.tokenText", { server: serverOf(registration) })}</p>
      <TextField
        label={t("create.token")}
        value={token}
        onChange={setToken}
        autoComplete="off"
        autoFocus
        isRequired
        validate={(typed) => (typed.trim() === "" ? t("create.tokenRequired") : null)}
      />
      {failure && <ErrorText error={failure} />}
      <Buttons>
        <Button type="submit" look="primary" busy={checking || answer.busy}>
          {t("common.continue")}
        </Button>
      </Buttons>
    </Form>
  );
}

const CAPTCHA = "m.login.recaptcha";

function BrowserForm({ registration, stage: { type, url } }: StageProps<"browser">) {
  const { registrationId, checking, error } = registration;
  const [opened, setOpened] = useState(false);
  const open = useAction(async () => {
    await steward.registration.openPage({ registrationId, url });
    setOpened(true);
  });
  const answer = useAnswer(registration);
  const failure = open.error ?? answer.error ?? error;
  return (
    <>
      <p>{t(type === CAPTCHA ? "create.browserCaptcha" : "create.browserText", { server: serverOf(registration) })}</p>
      <p>{t("create.browserNoPage")}</p>
      <CopyableText text={url} what={t("add.sso.address")} />
      {failure && <ErrorText error={failure} />}
      <Buttons>
        <Button look={opened ? "plain" : "primary"} icon={ExternalLink} onPress={() => void open.run()}>
          {t("challenge.openBrowser")}
        </Button>
        <Button look={opened ? "primary" : "plain"} busy={checking} onPress={() => void answer.run({ kind: "browser" })}>
          {t("challenge.browserDone")}
        </Button>
      </Buttons>
    </>
  );
}
