import { UserX } from "lucide-react";
import { useEffect } from "react";
import type { AccountId } from "../../shared/ids.ts";
import { EmptyState } from "../components/EmptyState.tsx";
import { Button } from "../components/Button.tsx";
import { Page } from "../components/Page.tsx";
import { Skeleton } from "../components/Spinner.tsx";
import { ActionLogPage } from "../features/actionLog/ActionLogPage.tsx";
import { ActivityPage } from "../features/activity/ActivityPage.tsx";
import { BulkPage } from "../features/bulk/BulkPage.tsx";
import { DeactivatePage } from "../features/deactivate/DeactivatePage.tsx";
import { OverviewPage } from "../features/overview/OverviewPage.tsx";
import { PasswordAndRecoveryPage } from "../features/passwordAndRecovery/PasswordAndRecoveryPage.tsx";
import { ProfilePage } from "../features/profile/ProfilePage.tsx";
import { RegistrationTokensPage } from "../features/registrationTokens/RegistrationTokensPage.tsx";
import { RoomKeysPage } from "../features/roomKeys/RoomKeysPage.tsx";
import { SecureBackupPage } from "../features/secureBackup/SecureBackupPage.tsx";
import { SessionsPage } from "../features/sessions/SessionsPage.tsx";
import { StatisticsPage } from "../features/statistics/StatisticsPage.tsx";
import { UserPage } from "../features/users/UserPage.tsx";
import { UsersPage } from "../features/users/UsersPage.tsx";
import { t } from "../i18n/index.ts";
import { accountOpened, useAccount, useAccounts } from "../stores/accounts.ts";
import { go, type AccountPage } from "../stores/routes.ts";

interface AccountRouteProps {
  readonly accountId: AccountId;
  readonly page: AccountPage;
  readonly offered: boolean;
  readonly created: boolean;
  /** The user of the server that is looked at. */
  readonly userId: string | null;
}

/** One page of one account. Switching accounts starts the page anew, so that nothing typed for one shows in another. */
export function AccountRoute({ accountId, page, offered, created, userId }: AccountRouteProps) {
  const account = useAccount(accountId);
  const loading = useAccounts((state) => state.status === "loading");
  useEffect(() => void accountOpened(accountId), [accountId]);
  if (!account) {
    return loading ? (
      <Page title={t("app.loading")}>
        <Skeleton label={t("app.loading")} />
      </Page>
    ) : (
      <Page title={t("overview.missingTitle")}>
        <EmptyState
          icon={UserX}
          title={t("overview.missingTitle")}
          text={t("overview.missingText")}
          action={<Button onPress={() => go({ name: "all" })}>{t("nav.allAccounts")}</Button>}
        />
      </Page>
    );
  }
  switch (page) {
    case "overview":
      return <OverviewPage key={accountId} account={account} />;
    case "profile":
      return <ProfilePage key={accountId} account={account} />;
    case "secureBackup":
      return <SecureBackupPage key={accountId} account={account} offered={offered} created={created} />;
    case "sessions":
      return <SessionsPage key={accountId} account={account} />;
    case "roomKeys":
      return <RoomKeysPage key={accountId} account={account} />;
    case "passwordAndRecovery":
      return <PasswordAndRecoveryPage key={accountId} account={account} />;
    case "activity":
      return <ActivityPage key={accountId} account={account} />;
    case "deactivate":
      return <DeactivatePage key={accountId} account={account} />;
    case "bulk":
      return <BulkPage key={accountId} account={account} />;
    case "statistics":
      return <StatisticsPage key={accountId} account={account} />;
    case "actionLog":
      return <ActionLogPage key={accountId} account={account} />;
    case "registrationTokens":
      return <RegistrationTokensPage key={accountId} account={account} />;
    case "users":
      return userId === null ? (
        <UsersPage key={accountId} account={account} />
      ) : (
        <UserPage key={`${accountId} ${userId}`} account={account} userId={userId} />
      );
  }
}
