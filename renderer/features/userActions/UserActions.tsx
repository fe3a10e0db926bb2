import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { UserAction } from "../../../shared/contract/userActions.ts";
import type { User } from "../../../shared/contract/users.ts";
import { Button } from "../../components/Button.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { Section } from "../../components/Page.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { t } from "../../i18n/index.ts";
import { ActionDialog } from "./ActionDialog.tsx";
import { NoticeDialog } from "./NoticeDialog.tsx";
import { actionsFor } from "./actionWords.ts";

interface UserActionsProps {
  readonly account: Account;
  readonly user: User;
  /** Called with the user as they are now. */
  readonly onChanged: (user: User) => void;
}

/** What an admin can do to a user, each with its own question. */
export function UserActions({ account, user, onChanged }: UserActionsProps) {
  const [asked, setAsked] = useState<UserAction | null>(null);
  const [writing, setWriting] = useState(false);
  const close = (): void => setAsked(null);
  return (
    <Section title={t("userActions.title")}>
      <Rows label={t("userActions.title")}>
        {actionsFor(user).map((action) => (
          <Row
            key={action}
            title={t(`userActions.${action}.name`)}
            text={t(`userActions.${action}.short`)}
            end={
              <Button small onPress={() => setAsked(action)}>
                {t(`userActions.${action}.button`)}
              </Button>
            }
          />
        ))}
        {!user.deactivated && (
          <Row
            title={t("serverNotices.name")}
            text={t("serverNotices.short")}
            end={
              <Button small onPress={() => setWriting(true)}>
                {t("serverNotices.button")}
              </Button>
            }
          />
        )}
      </Rows>
      {writing && (
        <DialogBoundary onClose={() => setWriting(false)}>
          <NoticeDialog account={account} userId={user.userId} onClose={() => setWriting(false)} />
        </DialogBoundary>
      )}
      {asked && (
        <DialogBoundary onClose={close}>
          <ActionDialog account={account} user={user} action={asked} onChanged={onChanged} onClose={close} />
        </DialogBoundary>
      )}
    </Section>
  );
}
