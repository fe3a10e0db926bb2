import { useState } from "react";
import type { RegistrationOffer } from "../../../shared/contract/registration.ts";
import type { Homeserver } from "../../../shared/contract/signIn.ts";
import type { AppError } from "../../../shared/errors.ts";
import { readEmail, readUsername } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { useNewPassphrase } from "../../components/NewPassphrase.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PhoneField } from "../../components/PhoneField.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { usePhone } from "../../components/usePhone.ts";
import { errorWords, problemText, refusedFieldText, t } from "../../i18n/index.ts";
import { registrationName } from "../../stores/registrations.ts";
import { NewPassword } from "../passwordAndRecovery/NewPassword.tsx";
import { useAvailability } from "./useAvailability.ts";
import { InsecureConnection } from "../addAccount/InsecureConnection.tsx";

interface DetailsFormProps {
  readonly homeserver: Homeserver;
  readonly offer: RegistrationOffer | null;
  readonly onStarted: (registrationId: AccountId) => void;
  readonly onBack: () => void;
}

/** An error in one text, for below a field. */
export function errorLine(error: AppError): string {
  const { sentence, next } = errorWords(error);
  return next === null ? sentence : `${sentence} ${next}`;
}

/** What a new account is made of: user name, password, and an email address where the person wants one. */
export function DetailsForm({ homeserver, offer, onStarted, onBack }: DetailsFormProps) {
  const { baseUrl, serverName } = homeserver;
  const knownName = homeserver.foundBy === "url" ? null : serverName;
  const [user, setUser] = useState(homeserver.localpart?.toLowerCase() ?? "");
  const [email, setEmail] = useState("");
  const [accepted, setAccepted] = useState(false);
  const [warned, setWarned] = useState(false);
  const [refused, setRefused] = useState<{ user: string; password: string } | null>(null);
  const password = useNewPassphrase((typed) => steward.registration.strength({ username: user, password: typed }));
  const available = useAvailability(baseUrl, user);
  const name = readUsername(user, knownName);
  const address = email.trim() === "" ? null : readEmail(email);
  const takesEmail = offer?.email !== "not_offered";
  const emailMissing = offer?.email === "required" && address === null;
  const phone = usePhone();
  const takesPhone = offer?.phone === "optional" || offer?.phone === "required";
  const withPhone = takesPhone && (offer.phone === "required" || phone.number.trim() !== "");
  const insecure = homeserver.warnings.includes("insecure_http");

  const start = useAction(async (username: string, emailAddress: string | null) => {
    setRefused({ user, password: password.typed });
    const input = { serverName: knownName, baseUrl, username, password: password.typed, email: emailAddress };
    const request = { ...input, phone: withPhone ? phone.value : null, acceptInsecureHttp: accepted };
    onStarted((await steward.registration.start(request)).registrationId);
  });
  const submit = (): void => {
    if (name.value === undefined || available === "taken") return;
    if (address === null && takesEmail && !warned) return setWarned(true);
    void start.run(name.value, address?.value ?? null);
  };
  const ofName = start.error?.kind === "user_name_taken" || start.error?.kind === "user_name_refused" ? start.error : null;
  const ofPassword = start.error?.kind === "password_refused" ? start.error : null;
  const emailProblem = emailMissing ? t("create.emailRequired", { server: serverName }) : address && problemText("email", address);
  const nameRefused =
    ofName && refused?.user === user
      ? errorLine(ofName)
      : available === "taken" || available === "refused" || available === "closed"
        ? t(`create.available.${available}`)
        : refusedFieldText(start.error, "username");
  return (
    <Form onSubmit={submit}>
      {insecure && (
        <InsecureConnection
          server={serverName}
          accepted={accepted}
          onAccepted={setAccepted}
          boxText={t("create.acceptHttp")}
          required={t("create.acceptHttpRequired")}
        />
      )}
      <TextField
        label={t("create.username")}
        help={t("create.usernameHelp")}
        value={user}
        onChange={(typed) => setUser(typed.toLowerCase())}
        autoComplete="username"
        autoFocus
        isRequired
        validate={() => problemText("username", name)}
        eager
        problem={nameRefused}
      />
      {name.value !== undefined && (
        <p role="status">
          {knownName !== null && t("create.willBe", { userId: registrationName({ username: name.value, serverName: knownName }) })}{" "}
          {(available === "checking" || available === "free" || available === "unknown") && t(`create.available.${available}`)}
        </p>
      )}
      <NewPassword password={password} refused={refused?.password === password.typed ? ofPassword : null} isFirst />
      {takesEmail && (
        <TextField
          label={t(offer?.email === "required" ? "create.email" : "create.emailOptional")}
          help={t("create.emailHelp")}
          type="email"
          value={email}
          onChange={setEmail}
          autoComplete="email"
          isRequired={offer?.email === "required"}
          validate={() => emailProblem}
        />
      )}
      {takesPhone && (
        <PhoneField
          country={phone.country}
          onCountry={phone.setCountry}
          number={phone.number}
          onNumber={phone.setNumber}
          label={t(offer.phone === "required" ? "phone.number" : "create.phoneOptional")}
          help={t("create.phoneHelp")}
          isRequired={offer.phone === "required"}
          validate={() => (withPhone ? problemText("number", phone) : null)}
        />
      )}
      {warned && (
        <Notice tone="warn" live>
          {t("create.withoutEmail")}
        </Notice>
      )}
      {start.error && !ofName && !ofPassword && <ErrorText error={start.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={start.busy}>
          {t(start.busy ? "create.submitting" : "create.submit")}
        </Button>
        <Button isDisabled={start.busy} onPress={onBack}>
          {t("add.change")}
        </Button>
      </Buttons>
    </Form>
  );
}
