import { useEffect, useState } from "react";
import type { AccountId } from "../../../shared/ids.ts";
import { onEvent } from "../../bridge.ts";
import { t } from "../../i18n/index.ts";

/** How many of somebody's files have been deleted so far. */
export function MediaProgress({ accountId, userId }: { readonly accountId: AccountId; readonly userId: string }) {
  const [deleted, setDeleted] = useState(0);
  useEffect(
    () =>
      onEvent("userActions.mediaDeleted", (told) => {
        if (told.accountId === accountId && told.userId === userId) setDeleted(told.deleted);
      }),
    [accountId, userId],
  );
  return <p role="status">{t("userActions.delete_uploads.progress", { count: deleted })}</p>;
}
