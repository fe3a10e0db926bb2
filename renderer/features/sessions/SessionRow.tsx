import { CircleHelp, Globe, Monitor, Smartphone } from "lucide-react";
import { type CSSProperties, memo } from "react";
import type { Session } from "../../../shared/contract/devices.ts";
import type { Verdict } from "../../accountHealth.ts";
import { Menu } from "../../components/Menu.tsx";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { momentText, t } from "../../i18n/index.ts";
import { kindOfClient } from "./sessionFilter.ts";
import styles from "./Sessions.module.css";

const pictures = { phone: Smartphone, browser: Globe, computer: Monitor, unknown: CircleHelp };

/** How a session is called: its name, or that it has none. */
export function nameOfSession({ name }: Session): string {
  return name ?? t("sessions.noName");
}

function verdictOn(verification: Session["verification"]): Verdict {
  switch (verification) {
    case "verified":
      return { tone: "good", text: t("sessions.verified") };
    case "unverified":
      return { tone: "warn", text: t("sessions.unverified") };
    case "no_encryption":
      return { tone: "quiet", text: t("sessions.noEncryption") };
  }
}

/** What can be done with a session of the list. */
export interface SessionActions {
  readonly choose: (session: Session, chosen: boolean) => void;
  readonly rename: (session: Session) => void;
  readonly verify: (session: Session) => void;
  readonly signOut: (session: Session) => void;
}

export interface SessionRowProps {
  readonly session: Session;
  readonly chosen: boolean;
  /** Whether it can be verified from here. */
  readonly verifiable: boolean;
  readonly actions: SessionActions;
  /** Where it stands in a list of `count`, of which not all are drawn; counted from 0. */
  readonly place?: number;
  readonly count?: number;
}

/**
 * One line of the list: what is known of a session, and what can be done with it. There are hundreds of them: one is
 * drawn anew only when something in it changes.
 */
export const SessionRow = memo(function SessionRow({ session, chosen, verifiable, actions, place, count }: SessionRowProps) {
  const { deviceId, lastSeenAt, lastSeenIp, thisSession, verification, inactive } = session;
  const name = nameOfSession(session);
  const Picture = pictures[kindOfClient(session.name)];
  const seen = lastSeenAt === null ? t("sessions.neverSeen") : t("sessions.seen", { when: momentText(lastSeenAt) });
  const facts = [thisSession ? t("sessions.this") : seen, lastSeenIp, deviceId].filter((fact) => fact !== null).join(" · ");
  const rename = { id: "rename", text: t("sessions.rename"), onChoose: () => actions.rename(session) };
  const toVerify = { id: "verify", text: t("sessions.verify"), onChoose: () => actions.verify(session) };
  const verify = verifiable ? [toVerify] : [];
  const signOut = { id: "signOut", text: t("sessions.signOutOne"), onChoose: () => actions.signOut(session) };
  const placed = place !== undefined && {
    style: { "--place": place } as CSSProperties,
    "aria-posinset": place + 1,
    "aria-setsize": count,
  };
  return (
    <li className={styles["session"]} {...placed}>
      {!thisSession && (
        <input
          type="checkbox"
          className={styles["choose"]}
          aria-label={t("sessions.choose", { name })}
          checked={chosen}
          onChange={(event) => actions.choose(session, event.target.checked)}
        />
      )}
      <Picture size={20} aria-hidden className={styles["picture"]} />
      <span className={styles["words"]}>
        <span className={styles["name"]} title={name}>
          <ServerText>{name}</ServerText>
        </span>
        <span className={styles["facts"]} title={facts}>
          <ServerText>{facts}</ServerText>
        </span>
      </span>
      <span className={styles["end"]}>
        <Pill {...verdictOn(verification)} />
        {inactive && <Pill tone="quiet" text={t("sessions.inactive")} />}
        <Menu label={t("sessions.more", { name })} items={thisSession ? [...verify, rename] : [...verify, rename, signOut]} />
      </span>
    </li>
  );
});
