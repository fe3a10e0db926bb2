import { KeyRound } from "lucide-react";
import { useState } from "react";
import type { ServiceLink, ServiceProvider } from "../../../shared/contract/serviceUsers.ts";
import type { User } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { SelectField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { fieldProblemText, t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { serviceLinks } from "../../stores/serviceUsers.ts";
import { type UserKey, userKey } from "../../stores/users.ts";
import { LoadedSection } from "../userServerData/LoadedSection.tsx";
import { RemoveDialog } from "./RemoveDialog.tsx";
import styles from "./Users.module.css";

interface ServiceLinksProps {
  readonly accountId: AccountId;
  readonly user: User;
}

/** Whom providers of single sign-on know a user as, where an authentication service keeps that. */
export function ServiceLinks({ accountId, user }: ServiceLinksProps) {
  return (
    <LoadedSection title={t("users.externalIds")} store={serviceLinks} userKey={userKey(accountId, user.userId)}>
      {({ links, providers }) => <Links accountId={accountId} user={user} links={links} providers={providers} />}
    </LoadedSection>
  );
}

type Answer = Awaited<ReturnType<typeof steward.serviceUsers.links>>;

/** Takes in what the service has now; where that fails it is read again. */
async function change(key: UserKey, request: () => Promise<Answer>): Promise<void> {
  try {
    serviceLinks.set(key, await request());
    announce(() => t("users.saved"));
  } catch (thrown) {
    serviceLinks.reload(key);
    throw thrown;
  }
}

interface LinksProps extends ServiceLinksProps {
  readonly links: readonly ServiceLink[];
  readonly providers: readonly ServiceProvider[];
}

function Links({ accountId, user: { userId }, links, providers }: LinksProps) {
  const key = userKey(accountId, userId);
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<ServiceLink | null>(null);
  return (
    <>
      {links.length === 0 && <p className={styles["quiet"]}>{t("users.noExternalIds")}</p>}
      {links.length > 0 && (
        <Rows label={t("users.externalIds")}>
          {links.map((link) => (
            <Row
              key={link.linkId}
              icon={<KeyRound size={20} aria-hidden />}
              title={link.subject}
              text={link.provider}
              end={
                <Button small aria-label={t("users.removeNamed", { name: link.subject })} onPress={() => setLeaving(link)}>
                  {t("users.remove")}
                </Button>
              }
            />
          ))}
        </Rows>
      )}
      {!adding && providers.length > 0 && (
        <Buttons>
          <Button onPress={() => setAdding(true)}>{t("users.addExternalId")}</Button>
        </Buttons>
      )}
      {adding && (
        <LinkForm
          providers={providers}
          onAdd={(link) => change(key, () => steward.serviceUsers.addLink({ accountId, userId, ...link }))}
          onClose={() => setAdding(false)}
        />
      )}
      {leaving && (
        <RemoveDialog
          name={leaving.subject}
          text={t("users.removeExternalIdText", { name: userId, provider: leaving.provider })}
          onClose={() => setLeaving(null)}
          onRemove={() => change(key, () => steward.serviceUsers.removeLink({ accountId, userId, linkId: leaving.linkId }))}
        />
      )}
    </>
  );
}

interface LinkFormProps {
  readonly providers: readonly ServiceProvider[];
  readonly onAdd: (link: { readonly providerId: string; readonly subject: string }) => Promise<void>;
  readonly onClose: () => void;
}

function LinkForm({ providers, onAdd, onClose }: LinkFormProps) {
  const [providerId, setProviderId] = useState(providers[0]?.providerId ?? "");
  const [subject, setSubject] = useState("");
  const add = useAction(async () => {
    await onAdd({ providerId, subject });
    onClose();
  });
  return (
    <Form onSubmit={() => void add.run()}>
      <SelectField
        label={t("users.provider")}
        value={providerId}
        onChange={(value) => {
          setProviderId(value);
          add.reset();
        }}
        options={providers.map((one) => ({ value: one.providerId, text: one.name }))}
      />
      <TextField
        label={t("users.externalId")}
        value={subject}
        onChange={(text) => {
          setSubject(text);
          add.reset();
        }}
        autoComplete="off"
        autoFocus
        isRequired
        maxLength={1000}
        validate={(text) => (text.trim() === "" ? fieldProblemText("any", "empty") : null)}
      />
      {add.error && <ErrorText error={add.error} />}
      <Buttons>
        <Button type="submit" look="primary" busy={add.busy}>
          {t("users.add")}
        </Button>
        <Button onPress={onClose}>{t("common.cancel")}</Button>
      </Buttons>
    </Form>
  );
}
