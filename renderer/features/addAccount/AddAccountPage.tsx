import { useEffect, useState } from "react";
import type { Recovery } from "../../../shared/contract/recovery.ts";
import type { Homeserver } from "../../../shared/contract/signIn.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Choice } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Page } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { readHomeserver } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { problemText, refusedFieldText, t } from "../../i18n/index.ts";
import { loadRecoveries, recoveryFor, useRecoveries } from "../../stores/recoveries.ts";
import { CreateAccount, RegistrationPage } from "../createAccount/CreateAccount.tsx";
import { UnfinishedRegistrations } from "../createAccount/UnfinishedRegistrations.tsx";
import { RecoverAccount } from "../recover/RecoverAccount.tsx";
import type { RecoverTarget } from "../recover/RecoverForm.tsx";
import { FirstAdmin } from "./FirstAdmin.tsx";
import { RecentHomeservers } from "./RecentHomeservers.tsx";
import { showNewAccount } from "./showNewAccount.ts";
import { useRecentHomeservers } from "./useRecentHomeservers.ts";
import { SignInForm } from "./SignInForm.tsx";

type Way = "signIn" | "create";

/** Where most people who have no homeserver of their own create an account: only a proposal, to be typed over. */
const PROPOSED_HOMESERVER = "matrix.org";

/** Adds an account: finds its homeserver, then signs in there or creates the account. */
export function AddAccountPage() {
  const [way, setWay] = useState<Way>("signIn");
  const [input, setInput] = useState("");
  const [homeserver, setHomeserver] = useState<Homeserver | null>(null);
  const [registrationId, setRegistrationId] = useState<AccountId | null>(null);
  const [recovering, setRecovering] = useState<Recovering | null>(null);
  const [firstAdmin, setFirstAdmin] = useState(false);
  const unfinished = useRecoveries(({ open }) => recoveryFor(open, null));
  useEffect(() => void loadRecoveries().catch(() => undefined), []);
  if (recovering) {
    const { target } = recovering;
    return (
      <Page title={t("recover.title", { server: target.server })} subtitle={t("recover.subtitle", { server: target.server })}>
        <RecoverAccount {...recovering} onBack={() => setRecovering(null)} onDone={(accountId) => void showNewAccount(accountId)} />
      </Page>
    );
  }
  if (registrationId !== null) {
    const leave = (): void => {
      setRegistrationId(null);
      setHomeserver(null);
    };
    return <RegistrationPage registrationId={registrationId} onLeave={leave} />;
  }
  if (homeserver && firstAdmin) {
    return (
      <Page title={t("firstAdmin.title", { server: homeserver.serverName })} subtitle={t("firstAdmin.subtitle")}>
        <FirstAdmin homeserver={homeserver} onDone={(accountId) => void showNewAccount(accountId)} onBack={() => setFirstAdmin(false)} />
      </Page>
    );
  }
  if (homeserver) {
    const back = (): void => setHomeserver(null);
    const title = way === "create" ? "create.titleAt" : "add.titleAt";
    return (
      <Page
        title={t(title, { server: homeserver.serverName })}
        subtitle={t(`add.foundBy.${homeserver.foundBy}`, { server: homeserver.serverName, url: homeserver.baseUrl })}
      >
        {way === "create" ? (
          <CreateAccount homeserver={homeserver} onStarted={setRegistrationId} onBack={back} />
        ) : (
          <SignInForm
            homeserver={homeserver}
            onOtherHomeserver={setHomeserver}
            onForgotten={(address) => setRecovering({ target: targetOf(homeserver), recoveryId: null, address })}
            onBack={back}
          />
        )}
        {way === "signIn" && (
          <Buttons>
            <Button look="quiet" small onPress={() => setFirstAdmin(true)}>
              {t("firstAdmin.link")}
            </Button>
          </Buttons>
        )}
      </Page>
    );
  }
  const choose = (chosen: Way): void => {
    setWay(chosen);
    if (chosen === "create" && input === "") setInput(PROPOSED_HOMESERVER);
    if (chosen === "signIn" && input === PROPOSED_HOMESERVER) setInput("");
  };
  return (
    <Page title={t("add.title")} subtitle={t(way === "create" ? "create.subtitle" : "add.subtitle")}>
      <UnfinishedRegistrations onContinue={setRegistrationId} />
      {unfinished && <Unfinished recovery={unfinished} onContinue={setRecovering} />}
      <Choice
        label={t("create.mode")}
        hideLabel
        look="segments"
        value={way}
        onChange={choose}
        options={[
          { value: "signIn", text: t("create.modeSignIn") },
          { value: "create", text: t("create.modeCreate") },
        ]}
      />
      <HomeserverForm key={way} way={way} input={input} onInput={setInput} onFound={setHomeserver} />
    </Page>
  );
}

/** A forgotten password that is being replaced on this page. */
interface Recovering {
  readonly target: RecoverTarget;
  readonly recoveryId: Recovery["recoveryId"] | null;
  readonly address: string;
}

function targetOf({ serverName, baseUrl, foundBy, warnings }: Homeserver): RecoverTarget {
  const insecure = warnings.includes("insecure_http");
  return { serverName: foundBy === "url" ? null : serverName, server: serverName, baseUrl, accountId: null, insecure };
}

interface UnfinishedProps {
  readonly recovery: Recovery;
  readonly onContinue: (recovering: Recovering) => void;
}

/** Leads back to a recovery that was left, or was under way when the app was closed. */
function Unfinished({ recovery, onContinue }: UnfinishedProps) {
  const { recoveryId, serverName, baseUrl, address } = recovery;
  const server = serverName ?? new URL(baseUrl).host;
  const target = { serverName, server, baseUrl, accountId: null, insecure: false };
  return (
    <Notice
      tone="info"
      actions={
        <Button small onPress={() => onContinue({ target, recoveryId, address })}>
          {t("recover.goOn")}
        </Button>
      }
    >
      {t("recover.unfinished", { address })}
    </Notice>
  );
}

interface HomeserverFormProps {
  readonly way: Way;
  readonly input: string;
  readonly onInput: (input: string) => void;
  readonly onFound: (homeserver: Homeserver) => void;
}

function HomeserverForm({ way, input, onInput, onFound }: HomeserverFormProps) {
  const recent = useRecentHomeservers();
  const find = useAction(async (wanted: string) => {
    const found = await steward.signIn.findHomeserver({ input: wanted });
    recent.remember(found);
    onFound(found);
  });
  const refused = refusedFieldText(find.error, "input");
  const change = (value: string): void => {
    find.reset();
    onInput(value);
  };
  return (
    <Form onSubmit={() => void find.run(input)}>
      <TextField
        label={t("add.homeserver")}
        help={t(way === "create" ? "create.homeserverHelp" : "add.homeserverHelp")}
        value={input}
        onChange={change}
        autoFocus
        isRequired
        validate={(typed) => problemText("input", readHomeserver(typed))}
        problem={refused}
      />
      {find.error && !refused && <ErrorText error={find.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={find.busy}>
          {t("common.continue")}
        </Button>
        {find.busy && <span role="status">{t("add.looking")}</span>}
      </Buttons>
      <RecentHomeservers
        inputs={recent.inputs}
        onChoose={(chosen) => {
          change(chosen);
          void find.run(chosen);
        }}
        onForget={recent.forget}
      />
    </Form>
  );
}
