import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { User, UserDetails } from "../../../shared/contract/users.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { SelectField, TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { refusedFieldText, t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { shownUsers, userChanged, userKey } from "../../stores/users.ts";
import { changeText } from "../actionLog/loggedWords.ts";
import styles from "./Users.module.css";

interface UserDetailsFormProps {
  readonly account: Account;
  readonly user: User;
  /** Another service says who is an admin. */
  readonly delegated: boolean;
}

/** The kinds that every Synapse knows; a server may have others. */
const knownTypes = ["bot", "support"];

/** What can be changed of a user at once. Only what is other than it was is sent. */
export function UserDetailsForm({ account, user, delegated }: UserDetailsFormProps) {
  const { accountId } = account;
  const { userId, deactivated } = user;
  const seen: UserDetails = { displayName: (user.displayName ?? "").trim(), admin: user.admin, userType: user.userType };
  const [displayName, setDisplayName] = useState(seen.displayName);
  const [admin, setAdmin] = useState(seen.admin);
  const [userType, setUserType] = useState(seen.userType);
  const [before, setBefore] = useState(seen);
  // The user is not as they were: what was typed stays, and what was not follows.
  if (before.displayName !== seen.displayName || before.admin !== seen.admin || before.userType !== seen.userType) {
    setBefore(seen);
    if (displayName.trim() === before.displayName) setDisplayName(seen.displayName);
    if (admin === before.admin) setAdmin(seen.admin);
    if (userType === before.userType) setUserType(seen.userType);
  }
  const typed: UserDetails = { displayName: displayName.trim(), admin, userType };
  const changes: Partial<UserDetails> = {
    ...(typed.displayName !== seen.displayName && { displayName: typed.displayName }),
    ...(typed.admin !== seen.admin && { admin: typed.admin }),
    ...(typed.userType !== seen.userType && { userType: typed.userType }),
  };
  const changed = Object.keys(changes) as (keyof UserDetails)[];
  const isChanged = changed.length > 0;
  const save = useAction(async () => {
    try {
      userChanged(accountId, await steward.users.change({ accountId, userId, changes, seen }));
      announce(() => t("users.saved"));
    } catch (thrown) {
      void shownUsers.load(userKey(accountId, userId));
      throw thrown;
    }
  });
  const refused = refusedFieldText(save.error, "displayName");
  const types = [...new Set([...knownTypes, ...(seen.userType === null ? [] : [seen.userType])])];
  return (
    <Section title={t("users.details")}>
      <Form onSubmit={() => isChanged && void save.run()}>
        <TextField
          label={t("users.displayName")}
          value={displayName}
          onChange={(text) => {
            setDisplayName(text);
            save.reset();
          }}
          isDisabled={deactivated && user.erased === true}
          problem={refused}
        />
        <SelectField
          label={t("users.type")}
          value={userType ?? ""}
          onChange={(value) => setUserType(value || null)}
          options={[{ value: "", text: t("users.typePerson") }, ...types.map((type) => ({ value: type, text: typeText(type) }))]}
        />
        {!delegated && userId !== account.userId && (
          <Checkbox value={admin} onChange={setAdmin}>
            {t("users.isAdmin")}
          </Checkbox>
        )}
        {save.error && !refused && <ErrorText error={save.error} />}
        {isChanged && (
          <ul className={styles["differences"]} aria-label={t("users.differences")}>
            {changed.map((field) => (
              <li key={field}>
                <ServerText>{changeText({ field, before: textOf(seen[field]), after: textOf(typed[field]) })}</ServerText>
              </li>
            ))}
          </ul>
        )}
        {isChanged && (
          <Buttons>
            <Button type="submit" look="primary" busy={save.busy}>
              {t("users.save")}
            </Button>
            <Button
              onPress={() => {
                setDisplayName(seen.displayName);
                setAdmin(seen.admin);
                setUserType(seen.userType);
                save.reset();
              }}
            >
              {t("users.discard")}
            </Button>
          </Buttons>
        )}
      </Form>
    </Section>
  );
}

/** A value as changes are told of. */
const textOf = (value: UserDetails[keyof UserDetails]): string | null => (value === null || value === "" ? null : String(value));

function typeText(type: string): string {
  return type === "bot" || type === "support" ? t(`users.types.${type}`) : type;
}
