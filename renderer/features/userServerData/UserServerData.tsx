import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { User } from "../../../shared/contract/users.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Facts, Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { dateText, momentText, sizeText, t } from "../../i18n/index.ts";
import { userAccountData, userConnections, userConsent, userFeatures, userMedia, userPushers } from "../../stores/userServerData.ts";
import { type UserKey, userKey } from "../../stores/users.ts";
import { LoadedSection } from "./LoadedSection.tsx";
import { UserRateLimit } from "./UserRateLimit.tsx";
import styles from "./UserServerData.module.css";

/** So many lines of a list are shown; nobody reads on. */
const MAX_SHOWN = 50;

interface UserServerDataProps {
  readonly account: Account;
  readonly user: User;
}

/** What a server keeps of a user besides who they are. */
export function UserServerData({ account, user }: UserServerDataProps) {
  const key = userKey(account.accountId, user.userId);
  return (
    <>
      <LoadedSection title={t("userData.connections")} store={userConnections} userKey={key}>
        {(connections) =>
          connections.length === 0 ? (
            <p className={styles["quiet"]}>{t("userData.noConnections")}</p>
          ) : (
            <Rows label={t("userData.connections")}>
              {connections.slice(0, MAX_SHOWN).map(({ ip, lastSeenAt, userAgent }, index) => (
                <Row
                  key={index}
                  title={ip}
                  text={[lastSeenAt === null ? null : t("sessions.seen", { when: momentText(lastSeenAt) }), userAgent]
                    .filter((fact) => fact !== null)
                    .join(" · ")}
                />
              ))}
            </Rows>
          )
        }
      </LoadedSection>
      <LoadedSection title={t("userData.pushers")} store={userPushers} userKey={key}>
        {(pushers) =>
          pushers.length === 0 ? (
            <p className={styles["quiet"]}>{t("userData.noPushers")}</p>
          ) : (
            <Rows label={t("userData.pushers")}>
              {pushers.slice(0, MAX_SHOWN).map(({ kind, app, device }, index) => (
                <Row key={index} title={app} text={[kind, device].filter((fact) => fact !== null).join(" · ")} />
              ))}
            </Rows>
          )
        }
      </LoadedSection>
      <LoadedSection title={t("userData.media")} store={userMedia} userKey={key}>
        {({ count, bytes }) => (
          <p className={count === 0 ? styles["quiet"] : undefined}>
            {count === 0
              ? t("userData.noMedia")
              : bytes === null
                ? t("userData.mediaCount", { count })
                : t("userData.mediaSum", { count, size: sizeText(bytes) })}
          </p>
        )}
      </LoadedSection>
      <AccountData userDataKey={key} />
      <UserRateLimit account={account} userId={user.userId} userDataKey={key} />
      <LoadedSection title={t("userData.features")} store={userFeatures} userKey={key}>
        {(features) => <Features account={account} userId={user.userId} userDataKey={key} features={features} />}
      </LoadedSection>
      <LoadedSection title={t("userData.consent")} store={userConsent} userKey={key}>
        {({ version, at }) => (
          <Facts
            facts={[
              {
                name: t("userData.consentVersion"),
                value: version === null ? t("userData.noConsent") : <ServerText>{version}</ServerText>,
              },
              ...(at === null ? [] : [{ name: t("userData.consentAt"), value: dateText(at) }]),
            ]}
          />
        )}
      </LoadedSection>
    </>
  );
}

/** Read when somebody asks for it: it is much, and mostly of no interest. */
function AccountData({ userDataKey }: { readonly userDataKey: UserKey }) {
  const { answer } = userAccountData.use(userDataKey);
  const [asked, setAsked] = useState(false);
  if (!asked && answer === null) {
    return (
      <Section title={t("userData.accountData")}>
        <p className={styles["quiet"]}>{t("userData.accountDataText")}</p>
        <Buttons>
          <Button onPress={() => setAsked(true)}>{t("userData.showAccountData")}</Button>
        </Buttons>
      </Section>
    );
  }
  return (
    <LoadedSection title={t("userData.accountData")} store={userAccountData} userKey={userDataKey}>
      {({ entries, total }) =>
        total === 0 ? (
          <p className={styles["quiet"]}>{t("userData.noAccountData")}</p>
        ) : (
          <>
            <Rows label={t("userData.accountData")}>
              {entries.slice(0, MAX_SHOWN).map(({ type, roomId, bytes }) => (
                <Row
                  key={`${roomId ?? ""} ${type}`}
                  title={type}
                  text={[sizeText(bytes), roomId].filter((fact) => fact !== null).join(" · ")}
                />
              ))}
            </Rows>
            {total > MAX_SHOWN && <p className={styles["quiet"]}>{t("userData.moreAccountData", { count: total - MAX_SHOWN })}</p>}
          </>
        )
      }
    </LoadedSection>
  );
}

interface FeaturesProps {
  readonly account: Account;
  readonly userId: string;
  readonly userDataKey: UserKey;
  readonly features: readonly { readonly id: string; readonly enabled: boolean }[];
}

function Features({ account: { accountId }, userId, userDataKey, features }: FeaturesProps) {
  const set = useAction(async (id: string, enabled: boolean) => {
    try {
      userFeatures.set(userDataKey, (await steward.userServerData.setFeature({ accountId, userId, id, enabled })).features);
    } catch (thrown) {
      userFeatures.reload(userDataKey);
      throw thrown;
    }
  });
  return (
    <>
      <p className={styles["quiet"]}>{t("userData.featuresText")}</p>
      {features.map(({ id, enabled }) => (
        <Checkbox key={id} value={enabled} onChange={(yes) => void set.run(id, yes)}>
          {id.toUpperCase()}
        </Checkbox>
      ))}
      {set.error && <ErrorText error={set.error} />}
    </>
  );
}
