import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import type { AccountManagement, ManagementAction } from "../../../shared/contract/accountManagement.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";

interface AccountPageLinkProps {
  readonly accountId: AccountId;
  readonly management: AccountManagement;
  readonly action: ManagementAction;
  /** What the person does on the page. */
  readonly children: string;
  /** Called when the person comes back from the page: something may have changed there. */
  readonly onReturn?: () => void;
}

/** One sentence and one button, in place of what only the server's own page can do. */
export function AccountPageLink({ accountId, management, action, children, onReturn }: AccountPageLinkProps) {
  const [opened, setOpened] = useState(false);
  const open = useAction(async () => {
    setOpened(true);
    await steward.accountManagement.open({ accountId, action });
  });
  useReturn(opened, onReturn);
  const hasPage = management.pageHost !== null;
  return (
    <>
      <Notice
        tone="info"
        actions={
          hasPage && (
            <Button small icon={ExternalLink} busy={open.busy} onPress={() => void open.run()}>
              {t("accountPage.open")}
            </Button>
          )
        }
      >
        {hasPage ? children : `${children} ${t("accountPage.unknown")}`}
      </Notice>
      {open.error && <ErrorText error={open.error} />}
    </>
  );
}

/** Calls back each time the window has the focus again, from when the person was sent elsewhere. */
export function useReturn(away: boolean, onReturn: (() => void) | undefined): void {
  useEffect(() => {
    if (!away || !onReturn) return undefined;
    window.addEventListener("focus", onReturn);
    return () => window.removeEventListener("focus", onReturn);
  }, [away, onReturn]);
}
