import { useEffect, useState } from "react";
import type { Registration, RegistrationOffer } from "../../../shared/contract/registration.ts";
import type { Homeserver } from "../../../shared/contract/signIn.ts";
import { readUsername } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Page } from "../../components/Page.tsx";
import { PasswordField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { useOnceWhen } from "../../components/useOnceWhen.ts";
import { fieldProblemText, t, type PlainTextKey } from "../../i18n/index.ts";
import { registrationName, useRegistrations } from "../../stores/registrations.ts";
import { showNewAccount } from "../addAccount/showNewAccount.ts";
import { OauthAtHomeserver, SsoSignIn } from "../addAccount/SignInForm.tsx";
import { NewPassword } from "../passwordAndRecovery/NewPassword.tsx";
import { DetailsForm, errorLine } from "./DetailsForm.tsx";
import { PhoneChange, WithoutPhone } from "./PhoneStage.tsx";
import { serverOf } from "./stage.ts";
import { EmailChange, StageForm } from "./StageForms.tsx";

interface CreateAccountProps {
  readonly homeserver: Homeserver;
  readonly onStarted: (registrationId: AccountId) => void;
  readonly onBack: () => void;
}

/** The ways in which a homeserver lets people create an account: at a provider, or with a user name and a password. */
export function CreateAccount({ homeserver, onStarted, onBack }: CreateAccountProps) {
  const { baseUrl, serverName } = homeserver;
  const oauth = homeserver.flows.find((flow) => flow.kind === "oauth");
  const [offer, setOffer] = useState<RegistrationOffer | null>(null);
  useEffect(() => {
    if (oauth) return;
    let over = false;
    steward.registration.offer({ baseUrl }).then(
      (said) => {
        if (!over) setOffer(said);
      },
      // Creating the account says what is wrong.
      () => undefined,
    );
    return () => {
      over = true;
    };
  }, [baseUrl, oauth]);
  const sso = oauth ? undefined : homeserver.flows.find((flow) => flow.kind === "sso");
  const closed = offer?.open === false;
  // Such a server has no other way, whatever it answers to a registration.
  if (oauth) {
    return (
      <>
        {oauth.create ? (
          <OauthAtHomeserver homeserver={homeserver} create />
        ) : (
          <Notice tone="warn">{t("create.closed", { server: serverName })}</Notice>
        )}
        <Buttons>
          <Button onPress={onBack}>{t("add.change")}</Button>
        </Buttons>
      </>
    );
  }
  return (
    <>
      {sso && <p>{t(closed ? "create.onlySso" : "create.sso", { server: serverName })}</p>}
      {sso && <SsoSignIn homeserver={homeserver} flow={sso} />}
      {closed ? (
        <>
          {!sso && <Notice tone="warn">{t("create.closed", { server: serverName })}</Notice>}
          <Buttons>
            <Button onPress={onBack}>{t("add.change")}</Button>
          </Buttons>
        </>
      ) : (
        <>
          {sso && <p>{t("create.orName")}</p>}
          <DetailsForm homeserver={homeserver} offer={offer} onStarted={onStarted} onBack={onBack} />
        </>
      )}
    </>
  );
}

interface RegistrationPageProps {
  readonly registrationId: AccountId;
  /** Back to where another account can be added; what is under way stays. */
  readonly onLeave: () => void;
}

/** One account that is being created: what the server or the app wants now. */
export function RegistrationPage({ registrationId, onLeave }: RegistrationPageProps) {
  const registration = useRegistrations(({ open }) => open.find((one) => one.registrationId === registrationId));
  const status = registration?.status;
  const doneAs = registration?.status === "done" ? registration.accountId : null;
  useOnceWhen(doneAs, (accountId) => void showNewAccount(accountId, { created: true }));
  useOnceWhen(status === undefined || status === "dropped", onLeave);
  const drop = useAction(() => steward.registration.drop({ registrationId }));
  if (!registration) return null;
  return (
    <Page title={titleOf(registration)} subtitle={t("create.creating", { name: registrationName(registration) })}>
      <Current registration={registration} />
      {drop.error && <ErrorText error={drop.error} />}
      {registration.status !== "done" && (
        <Buttons>
          <Button look="quiet" busy={drop.busy} onPress={() => void drop.run()}>
            {t("create.drop")}
          </Button>
          <Button look="quiet" onPress={onLeave}>
            {t("common.later")}
          </Button>
        </Buttons>
      )}
    </Page>
  );
}

const STAGE_TITLES: Readonly<Record<string, PlainTextKey>> = {
  terms: "create.termsTitle",
  email: "create.emailTitle",
  phone: "create.phoneTitle",
  token: "create.tokenTitle",
  browser: "create.browserTitle",
  unsupported: "create.stoppedTitle",
};

const INPUT_TITLES: Readonly<Record<Of<"input">["needs"], PlainTextKey>> = {
  username: "create.inputUsernameTitle",
  password: "create.inputPasswordTitle",
  email: "create.inputEmailTitle",
  no_email: "create.inputNoEmailTitle",
  phone: "create.inputPhoneTitle",
  no_phone: "create.inputNoPhoneTitle",
};

function titleOf(registration: Registration): string {
  switch (registration.status) {
    case "asking":
      return t(STAGE_TITLES[registration.stage.kind] ?? "create.stoppedTitle");
    case "stopped":
      return t("create.stoppedTitle");
    case "input":
      if (registration.needs === "password" && isAskedAgain(registration)) return t("create.resumeTitle");
      return t(INPUT_TITLES[registration.needs]);
    default:
      return t("create.waiting");
  }
}

function Current({ registration }: { readonly registration: Registration }) {
  switch (registration.status) {
    case "asking":
      return <StageForm registration={registration} />;
    case "stopped":
      return <Stopped registration={registration} />;
    case "input":
      return <Input registration={registration} />;
    default:
      return <p role="status">{t("create.waiting")}</p>;
  }
}

type Of<S extends Registration["status"]> = Extract<Registration, { status: S }>;

function Stopped({ registration: { registrationId, error } }: { readonly registration: Of<"stopped"> }) {
  const retry = useAction(() => steward.registration.retry({ registrationId }));
  return (
    <>
      <ErrorText error={error} />
      {retry.error && <ErrorText error={retry.error} />}
      <Buttons>
        <Button look="primary" busy={retry.busy} onPress={() => void retry.run()}>
          {t("common.retry")}
        </Button>
      </Buttons>
    </>
  );
}

/** Whether it is the password chosen before that is wanted, and not another one. */
const isAskedAgain = ({ error }: Of<"input">): boolean => error === null || error.kind === "wrong_credentials";

function Input({ registration }: { readonly registration: Of<"input"> }) {
  switch (registration.needs) {
    case "username":
      return <OtherName registration={registration} />;
    case "email":
      return (
        <>
          {registration.error ? (
            <ErrorText error={registration.error} />
          ) : (
            <p>{t("create.emailNeeded", { server: serverOf(registration) })}</p>
          )}
          <EmailChange registration={registration} />
        </>
      );
    case "no_email":
      return <WithoutEmail registration={registration} />;
    case "phone":
      return (
        <>
          {registration.error ? (
            <ErrorText error={registration.error} />
          ) : (
            <p>{t("create.phoneNeeded", { server: serverOf(registration) })}</p>
          )}
          <PhoneChange registration={registration} />
        </>
      );
    case "no_phone":
      return (
        <>
          <p>{t("create.inputNoPhoneText", { server: serverOf(registration) })}</p>
          <Buttons>
            <WithoutPhone registration={registration} />
          </Buttons>
        </>
      );
    case "password":
      return isAskedAgain(registration) ? <SamePassword registration={registration} /> : <OtherPassword registration={registration} />;
  }
}

function OtherName({ registration }: { readonly registration: Of<"input"> }) {
  const { registrationId, serverName, error } = registration;
  const [typed, setTyped] = useState(registration.username);
  const { value, problem } = readUsername(typed, serverName);
  const change = useAction((username: string) => steward.registration.change({ registrationId, username }));
  return (
    <Form onSubmit={() => value !== undefined && value !== registration.username && void change.run(value)}>
      <TextField
        label={t("create.username")}
        help={t("create.usernameHelp")}
        value={typed}
        onChange={(text) => setTyped(text.toLowerCase())}
        autoComplete="username"
        autoFocus
        problem={problem ? fieldProblemText("username", problem) : typed === registration.username && error ? errorLine(error) : null}
      />
      {change.error && <ErrorText error={change.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={change.busy}>
          {t("common.continue")}
        </Button>
      </Buttons>
    </Form>
  );
}

/** The server would create the account without the address that was typed, and say nothing. */
function WithoutEmail({ registration }: { readonly registration: Of<"input"> }) {
  const { registrationId } = registration;
  const change = useAction(() => steward.registration.change({ registrationId, email: null }));
  return (
    <>
      <p>{t("create.inputNoEmailText", { server: serverOf(registration) })}</p>
      {change.error && <ErrorText error={change.error} />}
      <Buttons>
        <Button look="primary" busy={change.busy} onPress={() => void change.run()}>
          {t("create.inputNoEmailSubmit")}
        </Button>
      </Buttons>
    </>
  );
}

/** After a restart: the password that was chosen, which is not kept. */
function SamePassword({ registration }: { readonly registration: Of<"input"> }) {
  const { registrationId } = registration;
  const [password, setPassword] = useState("");
  const [renaming, setRenaming] = useState(false);
  const change = useAction(() => steward.registration.change({ registrationId, password }));
  if (renaming) return <OtherName registration={{ ...registration, error: null }} />;
  return (
    <Form onSubmit={() => void change.run()}>
      <p>{t("create.resumeText", { name: registrationName(registration) })}</p>
      {registration.error && (
        <Notice
          tone="warn"
          live
          actions={
            <Button small onPress={() => setRenaming(true)}>
              {t("create.inputUsernameTitle")}
            </Button>
          }
        >
          {t("create.maybeTaken", { name: registrationName(registration) })}
        </Notice>
      )}
      <PasswordField
        label={t("create.password")}
        value={password}
        onChange={setPassword}
        autoComplete="new-password"
        autoFocus
        isRequired
        validate={(typed) => (typed === "" ? t("create.passwordRequired") : null)}
      />
      {change.error && <ErrorText error={change.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={change.busy}>
          {t("common.continue")}
        </Button>
      </Buttons>
    </Form>
  );
}

function OtherPassword({ registration: { registrationId, username, error } }: { readonly registration: Of<"input"> }) {
  const password = useNewPassphrase((typed) => steward.registration.strength({ username, password: typed }));
  const change = useAction(() => steward.registration.change({ registrationId, password: password.typed }));
  const refusal = change.error ?? error;
  return (
    <Form onSubmit={() => void change.run()}>
      {refusal && <ErrorText error={refusal} />}
      <NewPassword password={password} isFirst />
      <Buttons>
        <Button type="submit" look="primary" busy={change.busy}>
          {t("common.continue")}
        </Button>
      </Buttons>
    </Form>
  );
}
