import { useState } from "react";
import type { OffboardingDraft, OffboardingServer } from "../../../shared/contract/offboarding.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, focusPageTitle, Section } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Table } from "../../components/Table.tsx";
import { useAction } from "../../components/useAction.ts";
import { listText, t } from "../../i18n/index.ts";
import { startOffboarding } from "../../stores/offboarding.ts";
import { ConfirmDialog } from "../bulk/ConfirmDialog.tsx";
import { draftRowText, draftVerdict } from "../bulk/bulkWords.ts";
import styles from "./Offboarding.module.css";

/** What would be done on each server, before anything is. */
export function OffboardingDraftView({ draft }: { readonly draft: OffboardingDraft }) {
  const { draftId, action, servers } = draft;
  // What is asked about stays what is done, though other servers answer while the person reads.
  const [asked, setAsked] = useState<readonly OffboardingServer[] | null>(null);
  const ready = servers.filter(({ status, ready: count }) => status === "ready" && count > 0);
  const waiting = servers.filter(({ status }) => status === "checking").map(({ serverName }) => serverName);
  const failed = servers.filter(({ status }) => status === "failed").map(({ serverName }) => serverName);
  const count = countOf(ready);
  const start = useAction(async (on: readonly OffboardingServer[], typed: string | undefined) => {
    setAsked(null);
    await startOffboarding(
      draftId,
      on.map(({ accountId }) => accountId),
      typed,
    );
    focusPageTitle();
  });
  const drop = useAction(async () => {
    await steward.offboarding.dropDraft({ draftId });
    focusPageTitle();
  });
  return (
    <Section title={t("offboarding.draftOf", { action: t(`offboarding.action.${action}`), who: whoOf(servers) })}>
      <Notice tone={failed.length + waiting.length > 0 ? "warn" : "info"} live>
        <p>{t("offboarding.ready", { count, servers: ready.length })}</p>
        {waiting.length > 0 && <p>{t("offboarding.waiting", { servers: waiting.join(", ") })}</p>}
        {failed.length > 0 && <p>{t("offboarding.failed", { servers: failed.join(", ") })}</p>}
      </Notice>
      {(start.error ?? drop.error) && <ErrorText error={(start.error ?? drop.error)!} />}
      {servers.map((server) => (
        <OnServer key={server.accountId} draft={draft} server={server} />
      ))}
      <Buttons>
        <Button look="danger" isDisabled={count === 0} busy={start.busy} onPress={() => setAsked(ready)}>
          {t(`bulk.start.${action}`, { count })}
        </Button>
        <Button onPress={() => void drop.run()}>{t("bulk.drop")}</Button>
      </Buttons>
      {asked && (
        <DialogBoundary onClose={() => setAsked(null)}>
          <ConfirmDialog
            action={action}
            count={countOf(asked)}
            who={asked.flatMap(({ rows }) => rows.filter(({ verdict }) => verdict === "ready").map(({ name }) => name))}
            onConfirm={({ typed }) => void start.run(asked, typed)}
            onClose={() => setAsked(null)}
          />
        </DialogBoundary>
      )}
    </Section>
  );
}

/** Some are named, and the others are counted. */
const NAMED = 3;

/** Whose accounts they are. */
function whoOf(servers: readonly OffboardingServer[]): string {
  const names = servers.flatMap(({ rows }) => rows.map(({ name }) => name));
  if (names.length <= NAMED) return listText(names);
  return t("offboarding.whoMore", { names: names.slice(0, NAMED).join(", "), count: names.length - NAMED });
}

const countOf = (servers: readonly OffboardingServer[]): number => servers.reduce((sum, { ready }) => sum + ready, 0);

function OnServer({ draft: { draftId, action }, server }: { readonly draft: OffboardingDraft; readonly server: OffboardingServer }) {
  const { accountId, serverName, status, error, rows } = server;
  const again = useAction(() => steward.offboarding.lookAgain({ draftId, accountId }));
  return (
    <section className={styles["server"]} aria-label={serverName}>
      <h3 className={styles["name"]}>
        <ServerText>{serverName}</ServerText>
      </h3>
      {status === "checking" && <p className={styles["quiet"]}>{t("offboarding.checking")}</p>}
      {(error ?? again.error) && (
        <ErrorText
          error={(error ?? again.error)!}
          actions={
            <Button busy={again.busy} onPress={() => void again.run()}>
              {t("common.retry")}
            </Button>
          }
        />
      )}
      <Table
        label={t("offboarding.accountsOn", { server: serverName })}
        rows={rows}
        keyOf={({ name }) => name}
        cards
        columns={[
          { id: "user", name: t("bulk.user") },
          { id: "what", name: t("bulk.what") },
          { id: "why", name: t("bulk.details") },
        ]}
        cells={(row) => [
          <ServerText key="user">{row.name}</ServerText>,
          <Pill key="what" {...draftVerdict(row)} />,
          draftRowText(row, action),
        ]}
      />
    </section>
  );
}
