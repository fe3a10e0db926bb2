import { KeyRound, Mail, Phone } from "lucide-react";
import { useState } from "react";
import type { ExternalId, User, UserThreepid } from "../../../shared/contract/users.ts";
import { readContactEmail, readMsisdn } from "../../../shared/fields.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { fieldProblemText, problemText, t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { shownUsers, userChanged, userKey } from "../../stores/users.ts";
import { RemoveDialog } from "./RemoveDialog.tsx";
import styles from "./Users.module.css";

interface ContactsProps {
  readonly accountId: AccountId;
  readonly user: User;
  /** Another service keeps them. */
  readonly delegated: boolean;
}

type Changed = Awaited<ReturnType<typeof steward.users.addThreepid>>;

/** Takes in what the server has now; where that fails it is read again. */
async function change(accountId: AccountId, { userId }: User, request: () => Promise<Changed>): Promise<void> {
  try {
    const { user, changedMeanwhile } = await request();
    userChanged(accountId, user);
    announce(() => t(changedMeanwhile ? "users.changedMeanwhile" : "users.saved"));
  } catch (thrown) {
    shownUsers.reload(userKey(accountId, userId));
    throw thrown;
  }
}

const shownAs = ({ medium, address }: UserThreepid): string => (medium === "msisdn" ? `+${address}` : address);

/** The email addresses and phone numbers of a user, added and removed one by one. Some services keep no phone numbers. */
export function UserContacts({ accountId, user, delegated, emailAlone }: ContactsProps & { readonly emailAlone: boolean }) {
  const { userId, threepids: seen } = user;
  const [adding, setAdding] = useState<UserThreepid["medium"] | null>(null);
  const [leaving, setLeaving] = useState<UserThreepid | null>(null);
  const canAdd = !delegated && !user.deactivated;
  return (
    <Section title={t("users.contacts")}>
      {seen.length === 0 && <p className={styles["quiet"]}>{t("users.noContacts")}</p>}
      {seen.length > 0 && (
        <Rows label={t("users.contacts")}>
          {seen.map((threepid) => (
            <Row
              key={`${threepid.medium} ${threepid.address}`}
              icon={threepid.medium === "email" ? <Mail size={20} aria-hidden /> : <Phone size={20} aria-hidden />}
              title={shownAs(threepid)}
              end={
                !delegated &&
                (threepid.medium === "email" || !emailAlone) && (
                  <Button small aria-label={t("users.removeNamed", { name: shownAs(threepid) })} onPress={() => setLeaving(threepid)}>
                    {t("users.remove")}
                  </Button>
                )
              }
            />
          ))}
        </Rows>
      )}
      {canAdd && adding === null && (
        <Buttons>
          <Button onPress={() => setAdding("email")}>{t("users.addEmail")}</Button>
          {!emailAlone && <Button onPress={() => setAdding("msisdn")}>{t("users.addPhone")}</Button>}
        </Buttons>
      )}
      {adding !== null && <ContactForm key={adding} accountId={accountId} user={user} medium={adding} onClose={() => setAdding(null)} />}
      {leaving && (
        <RemoveDialog
          name={shownAs(leaving)}
          text={t("users.removeContactText", { name: userId })}
          onClose={() => setLeaving(null)}
          onRemove={() => change(accountId, user, () => steward.users.removeThreepid({ accountId, userId, threepid: leaving, seen }))}
        />
      )}
    </Section>
  );
}

interface ContactFormProps {
  readonly accountId: AccountId;
  readonly user: User;
  readonly medium: UserThreepid["medium"];
  readonly onClose: () => void;
}

function ContactForm({ accountId, user, medium, onClose }: ContactFormProps) {
  const { userId, threepids: seen } = user;
  const [typed, setTyped] = useState("");
  const isEmail = medium === "email";
  const read = isEmail ? readContactEmail(typed) : readMsisdn(typed);
  const add = useAction(async (address: string) => {
    await change(accountId, user, () => steward.users.addThreepid({ accountId, userId, threepid: { medium, address }, seen }));
    onClose();
  });
  return (
    <Form onSubmit={() => void (read.value !== undefined && add.run(read.value))}>
      <TextField
        label={t(isEmail ? "users.email" : "users.phone")}
        help={t(isEmail ? "users.emailHelp" : "users.phoneHelp")}
        type={isEmail ? "email" : "tel"}
        value={typed}
        onChange={(text) => {
          setTyped(text);
          add.reset();
        }}
        autoComplete="off"
        autoFocus
        isRequired
        validate={() => problemText(isEmail ? "address" : "msisdn", read)}
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

/** Whom providers of single sign-on know a user as. */
export function UserExternalIds({ accountId, user, delegated }: ContactsProps) {
  const { userId, externalIds: seen } = user;
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<ExternalId | null>(null);
  return (
    <Section title={t("users.externalIds")}>
      {seen.length === 0 && <p className={styles["quiet"]}>{t("users.noExternalIds")}</p>}
      {seen.length > 0 && (
        <Rows label={t("users.externalIds")}>
          {seen.map((externalId) => (
            <Row
              key={JSON.stringify(externalId)}
              icon={<KeyRound size={20} aria-hidden />}
              title={externalId.id}
              text={externalId.provider}
              end={
                !delegated && (
                  <Button small aria-label={t("users.removeNamed", { name: externalId.id })} onPress={() => setLeaving(externalId)}>
                    {t("users.remove")}
                  </Button>
                )
              }
            />
          ))}
        </Rows>
      )}
      {!delegated && !adding && (
        <Buttons>
          <Button onPress={() => setAdding(true)}>{t("users.addExternalId")}</Button>
        </Buttons>
      )}
      {adding && <ExternalIdForm accountId={accountId} user={user} onClose={() => setAdding(false)} />}
      {leaving && (
        <RemoveDialog
          name={leaving.id}
          text={t("users.removeExternalIdText", { name: userId, provider: leaving.provider })}
          onClose={() => setLeaving(null)}
          onRemove={() => change(accountId, user, () => steward.users.removeExternalId({ accountId, userId, externalId: leaving, seen }))}
        />
      )}
    </Section>
  );
}

function ExternalIdForm({ accountId, user, onClose }: Pick<ContactsProps, "accountId" | "user"> & { readonly onClose: () => void }) {
  const { userId, externalIds: seen } = user;
  const [provider, setProvider] = useState("");
  const [id, setId] = useState("");
  const add = useAction(async () => {
    const externalId = { provider: provider.trim(), id: id.trim() };
    await change(accountId, user, () => steward.users.addExternalId({ accountId, userId, externalId, seen }));
    onClose();
  });
  const needed = (text: string): string | null => (text.trim() === "" ? fieldProblemText("any", "empty") : null);
  return (
    <Form onSubmit={() => void add.run()}>
      <TextField
        label={t("users.provider")}
        help={t("users.providerHelp")}
        value={provider}
        onChange={setProvider}
        autoFocus
        isRequired
        validate={needed}
      />
      <TextField label={t("users.externalId")} value={id} onChange={setId} isRequired validate={needed} />
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
