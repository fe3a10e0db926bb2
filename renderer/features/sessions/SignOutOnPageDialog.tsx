import { ExternalLink } from "lucide-react";
import { useCallback, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Session } from "../../../shared/contract/devices.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useAction } from "../../components/useAction.ts";
import { useOnceWhen } from "../../components/useOnceWhen.ts";
import { t } from "../../i18n/index.ts";
import { announce } from "../../stores/announcements.ts";
import { sessionLists } from "../../stores/sessions.ts";
import { useReturn } from "../accountPage/AccountPageLink.tsx";
import { nameOfSession } from "./SessionRow.tsx";

interface SignOutOnPageDialogProps {
  readonly account: Account;
  /** Those to be signed out, as they were when the person chose them. */
  readonly leaving: readonly Session[];
  /** All that the server lists now. */
  readonly sessions: readonly Session[];
  /** Whether the server names such a page. */
  readonly hasPage: boolean;
  readonly onClose: () => void;
}

/** Leads through signing sessions out where only the server's own page can do it: one after the other. */
export function SignOutOnPageDialog({ account, leaving, sessions, hasPage, onClose }: SignOutOnPageDialogProps) {
  const { accountId, userId, homeserver } = account;
  const [skipped, setSkipped] = useState<ReadonlySet<string>>(new Set());
  const [openedFor, setOpenedFor] = useState<string | null>(null);
  const isListed = ({ deviceId }: Session): boolean => sessions.some((session) => session.deviceId === deviceId);
  const gone = leaving.filter((session) => !isListed(session)).length;
  const current = leaving.find((session) => isListed(session) && !skipped.has(session.deviceId));
  const open = useAction(async ({ deviceId }: Session) => {
    setOpenedFor(deviceId);
    await steward.accountManagement.open({ accountId, action: "device_delete", deviceId });
  });
  const reload = useCallback(() => sessionLists.reload(accountId), [accountId]);
  useReturn(openedFor !== null, reload);
  useOnceWhen(current === undefined, () => {
    if (gone > 0) announce(() => t("sessions.signedOut", { count: gone }));
    onClose();
  });
  if (!current) return null;
  const waiting = openedFor === current.deviceId;
  const skip = (): void => setSkipped(new Set([...skipped, current.deviceId]));
  return (
    <Dialog
      title={t("sessions.onPage.title", { count: leaving.length })}
      onClose={onClose}
      actions={
        <>
          {hasPage && (
            <Button look={waiting ? "plain" : "primary"} icon={ExternalLink} busy={open.busy} onPress={() => void open.run(current)}>
              {t(waiting ? "sessions.onPage.openAgain" : "sessions.onPage.open")}
            </Button>
          )}
          {leaving.length > 1 && <Button onPress={skip}>{t("sessions.onPage.skip")}</Button>}
          <Button onPress={onClose}>{t("common.close")}</Button>
        </>
      }
    >
      <p>{t("sessions.signOutCost", { count: leaving.length })}</p>
      <p>{t("sessions.onPage.text", { server: homeserver.serverName, userId })}</p>
      {!hasPage && <p>{t("accountPage.unknown")}</p>}
      <p>
        {leaving.length > 1 && `${t("sessions.onPage.step", { number: leaving.indexOf(current) + 1, count: leaving.length })} `}
        <strong>
          <ServerText>{nameOfSession(current)}</ServerText>
        </strong>{" "}
        <ServerText>{current.deviceId}</ServerText>
      </p>
      {waiting && (
        <Notice tone="info" live>
          {t("sessions.onPage.waiting")}
        </Notice>
      )}
      {open.error && <ErrorText error={open.error} />}
    </Dialog>
  );
}
