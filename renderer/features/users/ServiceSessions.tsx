import { Globe, KeyRound } from "lucide-react";
import type { ServiceSession } from "../../../shared/contract/serviceUsers.ts";
import type { User } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { serviceSessions } from "../../stores/serviceUsers.ts";
import { userKey } from "../../stores/users.ts";
import { LoadedSection } from "../userServerData/LoadedSection.tsx";
import styles from "./Users.module.css";

interface ServiceSessionsProps {
  readonly accountId: AccountId;
  readonly user: User;
}

/** Where a user is signed in at the authentication service itself: no homeserver hears of these. */
export function ServiceSessions({ accountId, user: { userId } }: ServiceSessionsProps) {
  const key = userKey(accountId, userId);
  const end = useAction(async (sessionIds: string[]) => {
    try {
      serviceSessions.set(key, (await steward.serviceUsers.endSessions({ accountId, userId, sessionIds })).sessions);
      announce(t("sessions.signedOut", { count: sessionIds.length }));
    } catch (thrown) {
      serviceSessions.reload(key);
      throw thrown;
    }
  });
  const nameOf = ({ name, kind }: ServiceSession): string => name ?? t(`users.serviceSession.${kind}`);
  const factsOf = ({ kind, lastSeenAt, lastSeenIp }: ServiceSession): string =>
    [
      t(`users.serviceSession.${kind}`),
      lastSeenAt === null ? t("users.deviceSeenUnknown") : t("sessions.seen", { when: momentText(lastSeenAt) }),
      lastSeenIp,
    ]
      .filter((fact) => fact !== null)
      .join(" · ");
  return (
    <LoadedSection title={t("users.serviceSessions")} store={serviceSessions} userKey={key}>
      {(sessions) => (
        <>
          {sessions.length === 0 && <p className={styles["quiet"]}>{t("users.noDevices")}</p>}
          {sessions.length > 0 && (
            <Rows label={t("users.serviceSessions")}>
              {sessions.map((session) => (
                <Row
                  key={session.sessionId}
                  icon={session.kind === "browser" ? <Globe size={20} aria-hidden /> : <KeyRound size={20} aria-hidden />}
                  title={nameOf(session)}
                  text={factsOf(session)}
                  end={
                    <Button
                      small
                      busy={end.busy}
                      aria-label={t("users.endServiceSession", { name: nameOf(session) })}
                      onPress={() => void end.run([session.sessionId])}
                    >
                      {t("sessions.signOutConfirm", { count: 1 })}
                    </Button>
                  }
                />
              ))}
            </Rows>
          )}
          {end.error && <ErrorText error={end.error} />}
        </>
      )}
    </LoadedSection>
  );
}
