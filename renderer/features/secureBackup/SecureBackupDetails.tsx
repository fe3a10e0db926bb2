import type { ReactNode } from "react";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import type { Tone } from "../../accountHealth.ts";
import { Facts, Section } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { Table } from "../../components/Table.tsx";
import { momentText, t } from "../../i18n/index.ts";
import { secretWords } from "./diagnosis.ts";
import styles from "./SecureBackup.module.css";

const storedTones: Record<SecureBackupState["secrets"][number]["stored"], Tone> = {
  stored: "good",
  missing: "bad",
  other_key_only: "bad",
  malformed: "bad",
  wrong: "bad",
};

/** What was read: each secret on the server and in this session, and the backup of message keys. */
export function SecureBackupDetails({ state, actions }: { readonly state: SecureBackupState; readonly actions: ReactNode }) {
  return (
    <>
      <Section title={t("backup.secretsTitle")} actions={actions}>
        <Table
          label={t("backup.secretsTable")}
          rows={state.secrets}
          keyOf={({ name }) => name}
          columns={[
            { id: "secret", name: t("backup.secret") },
            { id: "server", name: t("backup.onServer") },
            { id: "here", name: t("backup.here") },
          ]}
          cells={({ name, stored, here }) => [
            <span key="secret" className={styles["secret"]} title={name}>
              {secretWords(name)}
            </span>,
            <Pill key="server" tone={storedTones[stored]} text={t(`backup.stored.${stored}`)} />,
            <Pill key="here" tone={here ? "good" : "warn"} text={t(here ? "backup.hereYes" : "backup.hereNo")} />,
          ]}
        />
      </Section>
      <Section title={t("backup.facts")}>
        <Facts
          facts={[
            { name: t("backup.opens"), value: opensWith(state) },
            { name: t("backup.keyBackup"), value: keyBackup(state) },
            {
              name: t("backup.thisSession"),
              value: t(state.identity.thisSessionVerified ? "health.verified" : "health.unverified"),
            },
            { name: t("backup.proven"), value: t(state.proven ? "backup.provenYes" : "backup.provenNo") },
          ]}
        />
        <p className={styles["quiet"]}>{t("backup.checkedAt", { when: momentText(state.checkedAt) })}</p>
      </Section>
    </>
  );
}

function opensWith({ key }: SecureBackupState): string {
  if (!key) return t("backup.opensNone");
  return t(key.hasPhrase ? "backup.opensPhrase" : "backup.opensKey");
}

function keyBackup({ backup, backupProblem }: SecureBackupState): string {
  if (backupProblem) return t("common.unknown");
  if (!backup) return t("backup.keyBackupNone");
  return [
    t("backup.keyCount", { count: backup.keyCount }),
    t("backup.keyBackupVersion", { version: backup.version }),
    t(backup.active ? "backup.keyBackupActive" : "backup.keyBackupInactive"),
  ].join(", ");
}
