import { CircleHelp, Globe, Monitor, Smartphone } from "lucide-react";
import type { Session } from "../../../shared/contract/sessions.ts";
import type { Verdict } from "../../accountHealth.ts";
import { Menu } from "../../components/Menu.tsx";
import { Pill } from "../../components/Pill.tsx";
import { momentText, t } from "../../i18n/index.ts";
import { kindOfClient } from "./sessionFilter.ts";
import styles from "./Sessions.module.css";

const pictures = { phone: Smartphone, browser: Globe, computer: Monitor, unknown: CircleHelp };

/** How a session is called: its name, or that it has none. */
export function nameOfSession({ name }: Session): string {
  return name ?? t("sessions.noName");
}

const verdicts: Record<Session["verification"], Verdict> = {
  verified: { tone: "good", text: t("sessions.verified") },
  unverified: { tone: "warn", text: t("sessions.unverified") },
  no_encryption: { tone: "quiet", text: t("sessions.noEncryption") },
};

interface SessionRowProps {
  readonly session: Session;
  readonly chosen: boolean;
  readonly onChoose: (chosen: boolean) => void;
  readonly onRename: () => void;
  /** Absent where it cannot be verified from here. */
  readonly onVerify: (() => void) | null;
  readonly onSignOut: () => void;
}

/** One line of the list: what is known of a session, and what can be done with it. */
export function SessionRow({ session, chosen, onChoose, onRename, onVerify, onSignOut }: SessionRowProps) {
  const { deviceId, lastSeenAt, lastSeenIp, thisSession, verification, inactive } = session;
  const name = nameOfSession(session);
  const Picture = pictures[kindOfClient(session.name)];
  const seen = lastSeenAt === null ? t("sessions.neverSeen") : t("sessions.seen", { when: momentText(lastSeenAt) });
  const facts = [thisSession ? t("sessions.this") : seen, lastSeenIp, deviceId].filter((fact) => fact !== null);
  const rename = { id: "rename", text: t("sessions.rename"), onChoose: onRename };
  const verify = onVerify ? [{ id: "verify", text: t("sessions.verify"), onChoose: onVerify }] : [];
  const signOut = { id: "signOut", text: t("sessions.signOutOne"), onChoose: onSignOut };
  return (
    <li className={styles["session"]}>
      {!thisSession && (
        <input
          type="checkbox"
          className={styles["choose"]}
          aria-label={t("sessions.choose", { name })}
          checked={chosen}
          onChange={(event) => onChoose(event.target.checked)}
        />
      )}
      <Picture size={20} aria-hidden className={styles["picture"]} />
      <span className={styles["words"]}>
        <span className={styles["name"]} title={name}>
          {name}
        </span>
        <span className={styles["facts"]}>{facts.join(" · ")}</span>
      </span>
      <span className={styles["end"]}>
        <Pill {...verdicts[verification]} />
        {inactive && <Pill tone="quiet" text={t("sessions.inactive")} />}
        <Menu label={t("sessions.more", { name })} items={thisSession ? [...verify, rename] : [...verify, rename, signOut]} />
      </span>
    </li>
  );
}
