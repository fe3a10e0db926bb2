import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Profile } from "../../../shared/contract/profile.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { NotRunning } from "../../components/NotRunning.tsx";
import { Buttons, Page, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { profiles } from "../../stores/profiles.ts";
import { Picture } from "./Picture.tsx";

/** What others see of the account: its name and its picture. */
export function ProfilePage({ account }: { readonly account: Account }) {
  const { accountId, userId } = account;
  const running = account.session.status === "running";
  const { answer: profile, error, loading } = profiles.use(accountId);
  useEffect(() => {
    if (running) void profiles.load(accountId);
  }, [accountId, running]);
  const retry = <Button onPress={() => void profiles.load(accountId)}>{t("common.retry")}</Button>;
  const onChange = (changed: Profile): void => profiles.set(accountId, changed);
  return (
    <Page title={t("profile.title")} subtitle={t("profile.subtitle", { userId })}>
      {!running && <NotRunning accountId={accountId} text={t("profile.notRunning")} />}
      {error && <ErrorText error={error} actions={retry} />}
      {profile ? (
        <>
          <Picture account={account} profile={profile} onChange={onChange} />
          <DisplayName account={account} profile={profile} onChange={onChange} />
        </>
      ) : (
        loading && <Skeleton label={t("app.loading")} lines={4} />
      )}
    </Page>
  );
}

interface ProfilePartProps {
  readonly account: Account;
  readonly profile: Profile;
  readonly onChange: (profile: Profile) => void;
}

function DisplayName({ account, profile, onChange }: ProfilePartProps) {
  const { accountId, session } = account;
  const [name, setName] = useState(profile.displayName ?? "");
  const save = useAction(async () => {
    onChange(await steward.profile.setDisplayName({ accountId, displayName: name }));
    announce(() => t("profile.nameSaved"));
  });
  const allowed = profile.canChangeDisplayName && session.status === "running";
  const changed = name.trim() !== (profile.displayName ?? "");
  return (
    <Section title={t("profile.displayName")}>
      <Form onSubmit={() => void (changed && save.run())}>
        <TextField
          label={t("profile.displayName")}
          hideLabel
          help={profile.canChangeDisplayName ? t("profile.displayNameHelp") : t("profile.nameNotAllowed")}
          value={name}
          onChange={setName}
          maxLength={1000}
          isDisabled={!allowed}
        />
        {save.error && <ErrorText error={save.error} />}
        <Buttons>
          <Button type="submit" look="primary" busy={save.busy} isDisabled={!allowed || !changed}>
            {t("common.save")}
          </Button>
        </Buttons>
      </Form>
    </Section>
  );
}
