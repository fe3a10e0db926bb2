import { ArrowLeft, RefreshCw, UserX } from "lucide-react";
import { useEffect } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { User } from "../../../shared/contract/users.ts";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Facts, Page, Section } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { t } from "../../i18n/index.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { offboard } from "../../stores/offboarding.ts";
import { go } from "../../stores/routes.ts";
import { userMedia } from "../../stores/userServerData.ts";
import { shownUsers, userChanged, userDevices, userKey, userRooms } from "../../stores/users.ts";
import { UserPicture } from "../userServerData/UserPicture.tsx";
import { UserServerData } from "../userServerData/UserServerData.tsx";
import { UserActions } from "../userActions/UserActions.tsx";
import { UserContacts, UserExternalIds } from "./UserContacts.tsx";
import { ServiceLinks } from "./ServiceLinks.tsx";
import { ServiceSessions } from "./ServiceSessions.tsx";
import { UserDetailsForm } from "./UserDetailsForm.tsx";
import { UserDevices } from "./UserDevices.tsx";
import { UserMemberships } from "./UserMemberships.tsx";
import styles from "./Users.module.css";
import { dayText, lastSeenText, nameOfUser, verdictsOf } from "./userWords.ts";

interface UserPageProps {
  readonly account: Account;
  readonly userId: string;
}

/** One user of an account's homeserver, for its admins. */
export function UserPage({ account, userId }: UserPageProps) {
  const { accountId } = account;
  const key = userKey(accountId, userId);
  const { answer: user, error } = shownUsers.use(key);
  useEffect(() => void shownUsers.load(key), [key]);
  const reload = <Button icon={RefreshCw} aria-label={t("users.refreshOne")} onPress={() => void shownUsers.load(key)} />;
  return (
    <Page
      title={user ? nameOfUser(user) : userId}
      subtitle={<ServerText>{userId}</ServerText>}
      actions={
        <>
          <Button icon={ArrowLeft} onPress={() => go({ name: "account", accountId, page: "users" })}>
            {t("users.back")}
          </Button>
          {user && (
            <Button icon={UserX} onPress={() => offboard(user)}>
              {t("offboarding.openFor")}
            </Button>
          )}
          {reload}
        </>
      }
    >
      {error && <ErrorText error={error} actions={<Button onPress={() => void shownUsers.load(key)}>{t("common.retry")}</Button>} />}
      {!user && !error && <Skeleton label={t("users.lookingOne")} lines={5} />}
      {user && <UserSections account={account} user={user} />}
    </Page>
  );
}

function UserSections({ account, user }: { readonly account: Account; readonly user: User }) {
  const { accountId } = account;
  const { answer: access } = adminAccess.use(accountId);
  const delegated = access?.status === "admin" && access.delegatedAuth;
  /** What the service keeps is changed on its own page, unless it can be asked from here. */
  const elsewhere = delegated && access.serviceApi !== true;
  const byService = delegated && access.serviceApi === true;
  const changed = (now: User): void => {
    userChanged(accountId, now);
    const key = userKey(accountId, now.userId);
    userDevices.reload(key);
    userRooms.reload(key);
    userMedia.reload(key);
  };
  return (
    <>
      {user.userId === account.userId && <Notice tone="info">{t("users.self")}</Notice>}
      {elsewhere && <Notice tone="info">{t("users.delegated")}</Notice>}
      <Section title={t("users.states")}>
        <States user={user} />
      </Section>
      <UserPicture account={account} user={user} onChanged={changed} />
      <UserDetailsForm account={account} user={user} delegated={elsewhere} />
      <UserActions account={account} user={user} onChanged={changed} />
      <UserContacts accountId={accountId} user={user} delegated={elsewhere} emailAlone={delegated} />
      {byService ? (
        <ServiceLinks accountId={accountId} user={user} />
      ) : (
        <UserExternalIds accountId={accountId} user={user} delegated={delegated} />
      )}
      <UserDevices accountId={accountId} user={user} delegated={elsewhere} />
      {byService && <ServiceSessions accountId={accountId} user={user} />}
      <UserRooms account={account} user={user} />
      <UserMemberships userKey={userKey(accountId, user.userId)} />
      <UserServerData account={account} user={user} />
    </>
  );
}

function States({ user }: { readonly user: User }) {
  const verdicts = verdictsOf(user);
  const facts = [
    {
      name: t("users.columns.states"),
      value: (
        <span className={styles["pills"]}>
          {verdicts.length === 0 ? (
            <Pill tone="good" text={t("users.active")} />
          ) : (
            verdicts.map((verdict) => <Pill key={verdict.text} {...verdict} />)
          )}
        </span>
      ),
    },
    { name: t("users.userId"), value: <CopyableText text={user.userId} what={t("users.userId")} /> },
    { name: t("users.columns.createdAt"), value: dayText(user.createdAt) },
    { name: t("users.columns.lastSeenAt"), value: user.lastSeenAt === null ? t("users.lastSeenUnknown") : lastSeenText(user.lastSeenAt) },
    ...(user.appserviceId === null ? [] : [{ name: t("users.appservice"), value: <ServerText>{user.appserviceId}</ServerText> }]),
  ];
  return <Facts facts={facts} />;
}

function UserRooms({ account: { accountId }, user: { userId } }: { readonly account: Account; readonly user: User }) {
  const key = userKey(accountId, userId);
  const { answer, error } = userRooms.use(key);
  useEffect(() => void userRooms.load(key), [key]);
  return (
    <Section title={t("users.rooms")}>
      {error && <ErrorText error={error} actions={<Button onPress={() => void userRooms.load(key)}>{t("common.retry")}</Button>} />}
      {!answer && !error && <Skeleton label={t("app.loading")} lines={2} />}
      {answer?.total === 0 && <p className={styles["quiet"]}>{t("users.noRooms")}</p>}
      {answer !== null && answer.total > 0 && (
        <Rows label={t("users.rooms")}>
          {answer.rooms.map(({ roomId, name }) => (
            <Row key={roomId} title={name ?? roomId} {...(name !== null && { text: roomId })} />
          ))}
        </Rows>
      )}
      {answer !== null && answer.total > answer.rooms.length && (
        <p className={styles["quiet"]}>{t("users.moreRooms", { count: answer.total - answer.rooms.length })}</p>
      )}
    </Section>
  );
}
