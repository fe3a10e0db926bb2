import { useEffect, useRef, useState } from "react";
import type { Homeserver, LoginFlow, LoginIdentifier } from "../../../shared/contract/signIn.ts";
import type { AppError } from "../../../shared/errors.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { PhoneField } from "../../components/PhoneField.tsx";
import { PasswordField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { likelyCountry } from "../../i18n/countries.ts";
import { problemText, refusedFieldText, t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { OauthSignIn } from "../signInAgain/OauthSignIn.tsx";
import { SingleSignOn } from "../signInAgain/SingleSignOn.tsx";
import styles from "./AddAccount.module.css";
import { otherFlows } from "./otherFlows.ts";
import { showNewAccount } from "./showNewAccount.ts";
import { identifierOf, otherServerOf, type IdentifierKind } from "./identifier.ts";
import { InsecureConnection } from "./InsecureConnection.tsx";

interface SignInFormProps {
  readonly homeserver: Homeserver;
  /** The Matrix ID that was typed belongs to another homeserver. */
  readonly onOtherHomeserver: (homeserver: Homeserver) => void;
  /** The password was forgotten; an email address may have been typed already. */
  readonly onForgotten: (address: string) => void;
  readonly onBack: () => void;
}

/** In UTF-16 code units, as the contract has it. */
const MAX_SESSION_NAME = 100;

/** Signs in to a homeserver that was found, in the ways it offers that Steward can do; the others are named. */
export function SignInForm({ homeserver, onOtherHomeserver, onForgotten, onBack }: SignInFormProps) {
  const takesPassword = homeserver.flows.some(({ kind }) => kind === "password");
  const oauth = homeserver.flows.some(({ kind }) => kind === "oauth");
  // Beside OAuth, single sign-on is for clients that know no OAuth: it leads to the same page.
  const sso = oauth ? undefined : homeserver.flows.find((flow) => flow.kind === "sso");
  const inBrowser = oauth || sso !== undefined;
  const others = otherFlows(homeserver.flows);
  const top = useRef<HTMLDivElement>(null);
  // The step before had the focus; without this it would fall to the window.
  useEffect(() => {
    top.current?.querySelector<HTMLElement>("input[type=text], button")?.focus();
  }, []);
  return (
    <div className={styles["step"]} ref={top}>
      {homeserver.warnings.includes("identity_server_invalid") && (
        <Notice tone="info">
          {homeserver.identityServer === undefined
            ? t("add.warningIdentityUnnamed", { server: homeserver.serverName })
            : t("add.warningIdentity", { server: homeserver.serverName, identity: homeserver.identityServer })}
        </Notice>
      )}
      {oauth && <OauthAtHomeserver homeserver={homeserver} />}
      {sso && <SsoSignIn homeserver={homeserver} flow={sso} />}
      {inBrowser && takesPassword && <p className={styles["or"]}>{t("add.sso.or")}</p>}
      {inBrowser && !takesPassword && (
        <Buttons>
          <Button onPress={onBack}>{t("add.change")}</Button>
        </Buttons>
      )}
      {takesPassword ? (
        <PasswordSignIn homeserver={homeserver} onOtherHomeserver={onOtherHomeserver} onForgotten={onForgotten} onBack={onBack} />
      ) : inBrowser ? null : (
        <>
          <Notice tone="warn">
            {homeserver.flows.length === 0
              ? t("add.noFlows", { server: homeserver.serverName })
              : t("add.noPassword", { server: homeserver.serverName })}
          </Notice>
          <Buttons>
            <Button onPress={onBack}>{t("add.change")}</Button>
          </Buttons>
        </>
      )}
      {others.length > 0 && (
        <div className={styles["others"]}>
          <p>{takesPassword ? t("add.notYet", { server: homeserver.serverName }) : t("add.notYetOnly")}</p>
          <ul>
            {others.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

interface AtHomeserverProps {
  readonly homeserver: Homeserver;
  /** An account is created rather than signed in to. */
  readonly create?: boolean;
}

/** A homeserver that signs people in, and lets them create accounts, on a page of its own. */
export function OauthAtHomeserver({ homeserver, create = false }: AtHomeserverProps) {
  const { serverName, baseUrl, localpart } = homeserver;
  const consent = useInsecureConsent(homeserver);
  const byCode = !create && homeserver.flows.some((flow) => flow.kind === "oauth" && flow.code);
  return (
    <>
      {consent.warning}
      <OauthSignIn
        server={serverName}
        serverName={homeserver.foundBy === "url" ? null : serverName}
        baseUrl={baseUrl}
        localpart={localpart}
        accountId={null}
        create={create}
        byCode={byCode}
        {...consent.props}
        onDone={(accountId) => void showNewAccount(accountId)}
      />
    </>
  );
}

/** What has to be accepted before anything goes over a connection that is not encrypted. */
function useInsecureConsent({ serverName, warnings }: Homeserver) {
  const insecure = warnings.includes("insecure_http");
  const [accepted, setAccepted] = useState(false);
  const [refused, setRefused] = useState(false);
  const warning = (
    <>
      {insecure && <InsecureConnection server={serverName} accepted={accepted} onAccepted={setAccepted} />}
      {refused && !accepted && (
        <Notice tone="error" live>
          {t("add.acceptHttpRequired")}
        </Notice>
      )}
    </>
  );
  return { warning, props: { acceptInsecureHttp: accepted, mayStart: !insecure || accepted, onRefused: () => setRefused(true) } };
}

interface SsoSignInProps {
  readonly homeserver: Homeserver;
  readonly flow: Extract<LoginFlow, { kind: "sso" }>;
}

/** The providers of a homeserver: who is new there gets an account by the same way. */
export function SsoSignIn({ homeserver, flow }: SsoSignInProps) {
  const { serverName, baseUrl } = homeserver;
  const consent = useInsecureConsent(homeserver);
  return (
    <>
      {consent.warning}
      <SingleSignOn
        flow={flow}
        serverName={homeserver.foundBy === "url" ? null : serverName}
        baseUrl={baseUrl}
        accountId={null}
        {...consent.props}
        onDone={(accountId) => void showNewAccount(accountId)}
      />
    </>
  );
}

function PasswordSignIn({ homeserver, onOtherHomeserver, onForgotten, onBack }: SignInFormProps) {
  const { serverName, baseUrl } = homeserver;
  // An address says where the server is, not what it is called: the Matrix IDs on it may end in another name.
  const knownName = homeserver.foundBy === "url" ? null : serverName;
  const [kind, setKind] = useState<IdentifierKind>("user");
  const [user, setUser] = useState(homeserver.localpart ?? "");
  const [email, setEmail] = useState("");
  const [country, setCountry] = useState(likelyCountry);
  const [number, setNumber] = useState("");
  const [password, setPassword] = useState("");
  const [sessionName, setSessionName] = useState("");
  const [accepted, setAccepted] = useState(false);
  const [moved, setMoved] = useState(false);
  const read = identifierOf({ kind, user, email, country, number });

  const signIn = useAction(async (identified: LoginIdentifier) => {
    const otherServer = knownName === null ? null : otherServerOf(identified, knownName);
    if (otherServer !== null && identified.kind === "user") {
      // The password goes nowhere until the person has seen where: another server is shown first.
      const found = await steward.signIn.findHomeserver({ input: identified.user });
      if (found.baseUrl !== baseUrl) {
        onOtherHomeserver(found);
        setMoved(true);
        setAccepted(false);
        return;
      }
    }
    const { accountId } = await steward.signIn.withPassword({
      serverName: knownName,
      baseUrl,
      identifier: identified,
      password,
      sessionName,
      acceptInsecureHttp: accepted,
    });
    await showNewAccount(accountId);
  });

  const insecure = homeserver.warnings.includes("insecure_http") || signIn.error?.kind === "insecure_http";
  /** What is wrong with the field of who signs in: what is seen here, or what main found. */
  const checked = (field: "user" | "address" | "number") => ({
    isRequired: true,
    validate: () => problemText(field, read),
    problem: refusedFieldText(signIn.error, field),
  });
  const isSaidBeside =
    read.problem !== undefined ||
    password === "" ||
    (["user", "address", "number", "password"] as const).some((field) => refusedFieldText(signIn.error, field) !== null);
  return (
    <Form onSubmit={() => void (read.value && signIn.run(read.value))}>
      {moved && (
        <Notice tone="info" live>
          {t("add.otherServer", { server: serverName })}
        </Notice>
      )}
      {insecure && (
        <InsecureConnection server={serverName} accepted={accepted} onAccepted={setAccepted} required={t("add.acceptHttpRequired")} />
      )}
      <Choice
        label={t("add.with")}
        look="segments"
        value={kind}
        onChange={setKind}
        options={[
          { value: "user", text: t("add.withUser") },
          { value: "email", text: t("add.withEmail") },
          { value: "phone", text: t("add.withPhone") },
        ]}
      />
      {kind === "user" && (
        <TextField
          label={t("add.user")}
          help={t("add.userHelp")}
          value={user}
          onChange={setUser}
          autoComplete="username"
          {...checked("user")}
        />
      )}
      {kind === "email" && (
        <TextField label={t("add.email")} type="email" value={email} onChange={setEmail} autoComplete="email" {...checked("address")} />
      )}
      {kind === "phone" && (
        <PhoneField country={country} onCountry={setCountry} number={number} onNumber={setNumber} {...checked("number")} />
      )}
      <PasswordField
        label={t("add.password")}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        isRequired
        validate={(typed) => (typed === "" ? t("add.passwordRequired") : null)}
        problem={refusedFieldText(signIn.error, "password")}
      />
      <TextField
        label={t("add.sessionName")}
        help={t("add.sessionNameHelp")}
        value={sessionName}
        onChange={setSessionName}
        autoComplete="off"
        maxLength={MAX_SESSION_NAME}
      />
      {signIn.error && signIn.error.kind !== "insecure_http" && !isSaidBeside && <SignInError error={signIn.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={signIn.busy}>
          {t(signIn.busy ? "add.submitting" : "add.submit")}
        </Button>
        <Button isDisabled={signIn.busy} onPress={onBack}>
          {t("add.change")}
        </Button>
        <Button look="quiet" isDisabled={signIn.busy} onPress={() => onForgotten(email)}>
          {t("recover.link")}
        </Button>
      </Buttons>
    </Form>
  );
}

function SignInError({ error }: { readonly error: AppError }) {
  if (error.kind !== "already_signed_in") return <ErrorText error={error} />;
  const { accountId, userId } = error;
  return (
    <ErrorText
      error={error}
      actions={
        <Button small onPress={() => go({ name: "account", accountId, page: "overview" })}>
          {t("add.goTo", { userId })}
        </Button>
      }
    />
  );
}
