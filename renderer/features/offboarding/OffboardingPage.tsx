import { Search, UserX } from "lucide-react";
import { Button } from "../../components/Button.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons, Page, Section } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useAdministered } from "../../stores/administered.ts";
import { findOtherAccounts, findPerson, typePerson, useOffboarding } from "../../stores/offboarding.ts";
import { go } from "../../stores/routes.ts";
import { ChooseAction } from "./ChooseAction.tsx";
import { FoundAccounts } from "./FoundAccounts.tsx";
import { OffboardingDraftView } from "./OffboardingDraftView.tsx";
import { OffboardingReports } from "./OffboardingReports.tsx";

/** The accounts of one person on all homeservers that accounts here are admins of: found, chosen, looked at, and ended together. */
export function OffboardingPage() {
  const accounts = useAdministered();
  const { typed, terms, chosen, draft } = useOffboarding();
  const ids = accounts.map(({ accountId }) => accountId);
  const others = useAction(() => findOtherAccounts(ids));
  const find = (): void => void (typed.trim() !== "" && findPerson(ids));
  if (accounts.length === 0 && draft === null) {
    return (
      <Page title={t("offboarding.title")}>
        <EmptyState
          icon={UserX}
          title={t("servers.none")}
          text={t("servers.noneText")}
          action={<Button onPress={() => go({ name: "all" })}>{t("nav.allAccounts")}</Button>}
        />
        <OffboardingReports />
      </Page>
    );
  }
  return (
    <Page title={t("offboarding.title")} subtitle={t("offboarding.subtitle", { count: accounts.length })} wide>
      {draft !== null ? (
        <OffboardingDraftView key={draft.draftId} draft={draft} />
      ) : (
        <>
          <Section title={t("offboarding.who")}>
            <Form onSubmit={find}>
              <TextField
                label={t("offboarding.known")}
                help={t("offboarding.knownHelp")}
                value={typed}
                onChange={typePerson}
                maxLength={5000}
                area
              />
              <Buttons>
                <Button look="primary" icon={Search} isDisabled={typed.trim() === ""} onPress={find}>
                  {t("offboarding.find")}
                </Button>
                {chosen.size > 0 && (
                  <Button busy={others.busy} onPress={() => void others.run()}>
                    {t("offboarding.findOthers")}
                  </Button>
                )}
              </Buttons>
              {others.error && <ErrorText error={others.error} />}
            </Form>
          </Section>
          {terms.length > 0 && (
            <Section title={t("servers.found")}>
              <FoundAccounts accounts={accounts} />
            </Section>
          )}
          {chosen.size > 0 && <ChooseAction count={chosen.size} />}
        </>
      )}
      <OffboardingReports />
    </Page>
  );
}
