import { useState } from "react";
import type { Homeserver } from "../../../shared/contract/signIn.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Form, Page } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { readHomeserver } from "../../../shared/fields.ts";
import { fieldProblemText, refusedFieldText, t } from "../../i18n/index.ts";
import { SignInForm } from "./SignInForm.tsx";

/** Adds an account in two steps: finds its homeserver, then signs in there. */
export function AddAccountPage() {
  const [input, setInput] = useState("");
  const [homeserver, setHomeserver] = useState<Homeserver | null>(null);
  if (homeserver) {
    return (
      <Page
        title={t("add.titleAt", { server: homeserver.serverName })}
        subtitle={t(`add.foundBy.${homeserver.foundBy}`, { server: homeserver.serverName, url: homeserver.baseUrl })}
      >
        <SignInForm homeserver={homeserver} onOtherHomeserver={setHomeserver} onBack={() => setHomeserver(null)} />
      </Page>
    );
  }
  return (
    <Page title={t("add.title")} subtitle={t("add.subtitle")}>
      <HomeserverForm input={input} onInput={setInput} onFound={setHomeserver} />
    </Page>
  );
}

interface HomeserverFormProps {
  readonly input: string;
  readonly onInput: (input: string) => void;
  readonly onFound: (homeserver: Homeserver) => void;
}

function HomeserverForm({ input, onInput, onFound }: HomeserverFormProps) {
  const [tried, setTried] = useState(false);
  const find = useAction(async () => onFound(await steward.signIn.findHomeserver({ input })));
  const { problem } = readHomeserver(input);
  const refused = refusedFieldText(find.error, "input");
  const submit = (): void => {
    setTried(true);
    if (problem === undefined) void find.run();
  };
  const change = (value: string): void => {
    find.reset();
    onInput(value);
  };
  return (
    <Form onSubmit={submit}>
      <TextField
        label={t("add.homeserver")}
        help={t("add.homeserverHelp")}
        value={input}
        onChange={change}
        autoFocus
        problem={tried && problem ? fieldProblemText("input", problem) : refused}
      />
      {find.error && !refused && <ErrorText error={find.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={find.busy}>
          {t("common.continue")}
        </Button>
        {find.busy && <span role="status">{t("add.looking")}</span>}
      </Buttons>
    </Form>
  );
}
