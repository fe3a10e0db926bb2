import { useEffect, useState } from "react";
import type { IdentityServer } from "../../../shared/contract/identityServer.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { PoliciesForm } from "../../components/PoliciesForm.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { identityServers } from "../../stores/identityServers.ts";
import { ChooseIdentityServer } from "./ChooseIdentityServer.tsx";
import { SharedAddresses } from "./SharedAddresses.tsx";

/** By which identity server others find the account, and by which of its addresses. */
export function Discovery({ accountId }: { readonly accountId: AccountId }) {
  const { answer, error } = identityServers.use(accountId);
  useEffect(() => void identityServers.load(accountId), [accountId]);
  const retry = <Button onPress={() => void identityServers.load(accountId)}>{t("common.retry")}</Button>;
  return (
    <Section title={t("discovery.title")}>
      {error && <ErrorText error={error} actions={retry} />}
      {!answer && !error && <Skeleton label={t("app.loading")} lines={2} />}
      {answer && <Standing accountId={accountId} server={answer} />}
    </Section>
  );
}

interface StandingProps {
  readonly accountId: AccountId;
  readonly server: IdentityServer;
}

/** How the account stands with its identity server, and what can be done. */
function Standing({ accountId, server }: StandingProps) {
  const [choosing, setChoosing] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const connect = useAction(async () => identityServers.set(accountId, await steward.identityServer.connect({ accountId })));
  const close = (): void => setChoosing(false);
  return (
    <>
      {server.kind === "terms" ? <Terms accountId={accountId} server={server} /> : <p>{standingText(server)}</p>}
      {server.kind === "unreachable" && (
        <ErrorText
          error={server.error}
          actions={<Button onPress={() => void identityServers.load(accountId)}>{t("common.retry")}</Button>}
        />
      )}
      {server.kind === "connected" && <SharedAddresses accountId={accountId} shared={server.shared} />}
      {connect.error && <ErrorText error={connect.error} />}
      {choosing ? (
        <ChooseIdentityServer accountId={accountId} onClose={close} />
      ) : (
        <Buttons>
          {server.kind === "not_connected" && (
            <Button look="primary" busy={connect.busy} onPress={() => void connect.run()}>
              {t("discovery.connect", { host: server.host })}
            </Button>
          )}
          <Button onPress={() => setChoosing(true)}>{t(server.kind === "none" ? "discovery.use" : "discovery.useOther")}</Button>
          {server.kind !== "none" && <Button onPress={() => setLeaving(true)}>{t("discovery.stopUsing")}</Button>}
        </Buttons>
      )}
      {leaving && (
        <DialogBoundary onClose={() => setLeaving(false)}>
          <StopUsingDialog accountId={accountId} server={server} onClose={() => setLeaving(false)} />
        </DialogBoundary>
      )}
    </>
  );
}

function standingText(server: Exclude<IdentityServer, { kind: "terms" }>): string {
  switch (server.kind) {
    case "none":
      return t(server.notWanted ? "discovery.notWanted" : "discovery.none");
    case "unusable":
      return t("discovery.unusable", { named: server.named });
    case "not_connected":
      return t(server.chosen ? "discovery.notConnected" : "discovery.suggested", { host: server.host });
    case "connected":
      return t("discovery.connected", { host: server.host });
    case "unreachable":
      return t("discovery.unreachable", { host: server.host });
  }
}

interface TermsProps {
  readonly accountId: AccountId;
  readonly server: Extract<IdentityServer, { kind: "terms" }>;
}

function Terms({ accountId, server: { host, policies } }: TermsProps) {
  const open = useAction((url: string) => steward.identityServer.openPolicy({ accountId, url }));
  const agree = useAction(async (urls: string[]) =>
    identityServers.set(accountId, await steward.identityServer.agree({ accountId, urls })),
  );
  return (
    <PoliciesForm
      policies={policies}
      text={t("discovery.terms", { host })}
      submitText={t("common.continue")}
      busy={agree.busy}
      error={open.error ?? agree.error}
      onRead={(url) => void open.run(url)}
      onAccept={(urls) => void agree.run(urls)}
    />
  );
}

interface StopUsingProps extends StandingProps {
  readonly onClose: () => void;
}

/** Says what stays shared before the identity server is no longer used. */
function StopUsingDialog({ accountId, server, onClose }: StopUsingProps) {
  const stop = useAction(async () => {
    identityServers.set(accountId, await steward.identityServer.stopUsing({ accountId }));
    onClose();
  });
  return (
    <Dialog
      alert
      title={t("discovery.stopUsingTitle")}
      onClose={onClose}
      actions={
        <>
          <Button look="danger" busy={stop.busy} onPress={() => void stop.run()}>
            {t("discovery.stopUsing")}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t("discovery.stopUsingText")}</p>
      {server.kind === "connected" && server.shared.length > 0 && (
        <Notice tone="warn">{t("discovery.stillShared", { count: server.shared.length, host: server.host })}</Notice>
      )}
      {stop.error && <ErrorText error={stop.error} />}
    </Dialog>
  );
}
