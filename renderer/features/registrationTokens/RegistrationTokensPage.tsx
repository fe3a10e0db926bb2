import { Pencil, Plus, Ticket, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { RegistrationToken } from "../../../shared/contract/registrationTokens.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Page } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { Table } from "../../components/Table.tsx";
import { useAction } from "../../components/useAction.ts";
import { dateText, t } from "../../i18n/index.ts";
import { registrationTokens } from "../../stores/registrationTokens.ts";
import { ChangeTokenDialog } from "./ChangeTokenDialog.tsx";
import { NewTokensDialog } from "./NewTokensDialog.tsx";
import styles from "./RegistrationTokens.module.css";
import { tokenState } from "./tokenState.ts";

/** The tokens with which people create accounts on a server that is not open to everybody. */
export function RegistrationTokensPage({ account }: { readonly account: Account }) {
  const { accountId, homeserver } = account;
  const { answer, error, loading } = registrationTokens.use(accountId);
  const [creating, setCreating] = useState(false);
  const [changing, setChanging] = useState<RegistrationToken | null>(null);
  const [leaving, setLeaving] = useState<RegistrationToken | null>(null);
  useEffect(() => void registrationTokens.load(accountId), [accountId]);
  const reload = (): void => void registrationTokens.load(accountId);
  const newButton = (
    <Button look="primary" icon={Plus} onPress={() => setCreating(true)}>
      {t("tokens.new")}
    </Button>
  );
  const server = homeserver.serverName;
  return (
    <Page
      wide
      title={t("tokens.title")}
      subtitle={t("tokens.subtitle", { server })}
      actions={answer?.status === "known" && answer.tokens.length > 0 && newButton}
    >
      {error && <ErrorText error={error} actions={<Button onPress={reload}>{t("common.retry")}</Button>} />}
      {!answer && loading && <Skeleton label={t("tokens.looking")} lines={4} />}
      {answer?.status === "not_available" && <Notice tone="info">{t("tokens.notAvailable", { server })}</Notice>}
      {answer?.status === "known" && answer.tokens.length === 0 && (
        <EmptyState icon={Ticket} title={t("tokens.none")} text={t("tokens.noneText", { server })} action={newButton} />
      )}
      {answer?.status === "known" && answer.tokens.length > 0 && (
        <Tokens tokens={answer.tokens} onChange={setChanging} onRemove={setLeaving} />
      )}
      {creating && (
        <DialogBoundary onClose={() => setCreating(false)}>
          <NewTokensDialog account={account} onChanged={reload} onClose={() => setCreating(false)} />
        </DialogBoundary>
      )}
      {changing && (
        <DialogBoundary onClose={() => setChanging(null)}>
          <ChangeTokenDialog account={account} token={changing} onChanged={reload} onClose={() => setChanging(null)} />
        </DialogBoundary>
      )}
      {leaving && (
        <DialogBoundary onClose={() => setLeaving(null)}>
          <RemoveDialog account={account} token={leaving} onRemoved={reload} onClose={() => setLeaving(null)} />
        </DialogBoundary>
      )}
    </Page>
  );
}

interface TokensProps {
  readonly tokens: readonly RegistrationToken[];
  readonly onChange: (token: RegistrationToken) => void;
  readonly onRemove: (token: RegistrationToken) => void;
}

function Tokens({ tokens, onChange, onRemove }: TokensProps) {
  return (
    <Table
      label={t("tokens.title")}
      columns={[
        { id: "token", name: t("tokens.token") },
        { id: "uses", name: t("tokens.uses") },
        { id: "expires", name: t("tokens.expires") },
        { id: "state", name: t("tokens.state") },
        { id: "remove", name: t("tokens.remove"), hideName: true },
      ]}
      rows={tokens}
      keyOf={({ token }) => token}
      cards
      cells={(token) => [
        <CopyableText key="token" text={token.token} what={t("tokens.tokenNamed", { token: token.token })} />,
        usesText(token),
        token.expiresAt === null ? t("tokens.never") : dateText(token.expiresAt),
        <StatePill key="state" token={token} />,
        token.addressable ? (
          <span key="remove" className={styles["actions"]}>
            <Button small icon={Pencil} aria-label={t("tokens.changeNamed", { token: token.token })} onPress={() => onChange(token)}>
              {t("tokens.change")}
            </Button>
            <Button small icon={Trash2} aria-label={t("tokens.removeNamed", { token: token.token })} onPress={() => onRemove(token)}>
              {t("tokens.remove")}
            </Button>
          </span>
        ) : (
          <span key="remove">{t("tokens.notAddressable")}</span>
        ),
      ]}
    />
  );
}

function usesText({ usesAllowed, pending, completed }: RegistrationToken): string {
  const used = pending + completed;
  const text = usesAllowed === null ? t("tokens.usedUnlimited", { used }) : t("tokens.used", { used, allowed: usesAllowed });
  return pending === 0 ? text : `${text} ${t("tokens.pending", { count: pending })}`;
}

function StatePill({ token }: { readonly token: RegistrationToken }) {
  const state = tokenState(token);
  return <Pill tone={state === "usable" ? "good" : "quiet"} text={t(`tokens.states.${state}`)} />;
}

interface RemoveDialogProps {
  readonly account: Account;
  readonly token: RegistrationToken;
  readonly onRemoved: () => void;
  readonly onClose: () => void;
}

function RemoveDialog({ account, token, onRemoved, onClose }: RemoveDialogProps) {
  const remove = useAction(async () => {
    await steward.registrationTokens.remove({ accountId: account.accountId, token: token.token });
    onRemoved();
    onClose();
  });
  return (
    <Dialog
      alert
      title={t("tokens.removeTitle", { token: token.token })}
      onClose={onClose}
      actions={
        <>
          <Button look="danger" busy={remove.busy} onPress={() => void remove.run()}>
            {t("tokens.remove")}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      <p>{t("tokens.removeText")}</p>
      {token.pending > 0 && <p>{t("tokens.removePending", { count: token.pending })}</p>}
      {remove.error && <ErrorText error={remove.error} />}
    </Dialog>
  );
}
