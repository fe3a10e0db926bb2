import { Globe, KeyRound } from "lucide-react";
import { useState } from "react";
import type { ServiceSession } from "../../../shared/contract/serviceUsers.ts";
import type { User } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { serviceSessions } from "../../stores/serviceUsers.ts";
import { type UserKey, userKey } from "../../stores/users.ts";
import { LoadedSection } from "../userServerData/LoadedSection.tsx";
import styles from "./Users.module.css";

interface ServiceSessionsProps {
  readonly accountId: AccountId;
  readonly user: User;
}

const nameOf = ({ name, kind }: ServiceSession): string => name ?? t(`users.serviceSession.${kind}`);

/** Where a user is signed in at the authentication service itself: no homeserver hears of these. */
export function ServiceSessions({ accountId, user: { userId } }: ServiceSessionsProps) {
  const key = userKey(accountId, userId);
  const [leaving, setLeaving] = useState<ServiceSession | null>(null);
  const factsOf = ({ kind, lastSeenAt, lastSeenIp }: ServiceSession): string =>
    [
      t(`users.serviceSession.${kind}`),
      lastSeenAt === null ? t("users.deviceSeenUnknown") : t("sessions.seen", { when: momentText(lastSeenAt) }),
      lastSeenIp,
    ]
      .filter((fact) => fact !== null)
      .join(" · ");
  return (
    <>
      <LoadedSection title={t("users.serviceSessions")} store={serviceSessions} userKey={key}>
        {(sessions) =>
          sessions.length === 0 ? (
            <p className={styles["quiet"]}>{t("users.noDevices")}</p>
          ) : (
            <Rows label={t("users.serviceSessions")}>
              {sessions.map((session) => (
                <Row
                  key={session.sessionId}
                  icon={session.kind === "browser" ? <Globe size={20} aria-hidden /> : <KeyRound size={20} aria-hidden />}
                  title={nameOf(session)}
                  text={factsOf(session)}
                  end={
                    <Button small aria-label={t("users.endServiceSession", { name: nameOf(session) })} onPress={() => setLeaving(session)}>
                      {t("sessions.signOutOne")}
                    </Button>
                  }
                />
              ))}
            </Rows>
          )
        }
      </LoadedSection>
      {leaving && (
        <DialogBoundary onClose={() => setLeaving(null)}>
          <SignOutDialog userKey={key} accountId={accountId} userId={userId} session={leaving} onClose={() => setLeaving(null)} />
        </DialogBoundary>
      )}
    </>
  );
}

interface SignOutDialogProps {
  readonly accountId: AccountId;
  readonly userId: string;
  readonly userKey: UserKey;
  readonly session: ServiceSession;
  readonly onClose: () => void;
}

/** Says what is lost with a session, before it is ended. */
function SignOutDialog({ accountId, userId, userKey: key, session, onClose }: SignOutDialogProps) {
  const signOut = useAction(async () => {
    try {
      const sessionIds = [session.sessionId];
      serviceSessions.set(key, (await steward.serviceUsers.endSessions({ accountId, userId, sessionIds })).sessions);
    } catch (thrown) {
      serviceSessions.reload(key);
      throw thrown;
    }
    announce(() => t("sessions.signedOut", { count: 1 }));
    onClose();
  });
  return (
    <Dialog
      alert
      title={t("sessions.signOutTitleOne", { name: nameOf(session) })}
      onClose={onClose}
      actions={
        <>
          <Button look="danger" busy={signOut.busy} onPress={() => void signOut.run()}>
            {t("sessions.signOutConfirm", { count: 1 })}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t(`users.serviceSessionCost.${session.kind}`)}</p>
      {signOut.error && <ErrorText error={signOut.error} />}
    </Dialog>
  );
}
