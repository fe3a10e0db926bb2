import { Plus, ScrollText, Search, Users } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import {
  backupVerdict,
  chooseFix,
  emailVerdict,
  nameOf,
  needsAttention,
  sessionsVerdict,
  sessionVerdict,
  summarySentence,
  type Fix,
} from "../../accountHealth.ts";
import { Avatar } from "../../components/Avatar.tsx";
import { Button } from "../../components/Button.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Page } from "../../components/Page.tsx";
import { Pill } from "../../components/Pill.tsx";
import { SearchField } from "../../components/SearchField.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { Table } from "../../components/Table.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { errorWords, t } from "../../i18n/index.ts";
import { loadAccounts, useAccountList, useAccounts } from "../../stores/accounts.ts";
import { go } from "../../stores/routes.ts";
import { useHealthFix } from "../useHealthFix.ts";
import styles from "./AllAccounts.module.css";
import { matchesFilter } from "./matchesFilter.ts";

/** Above this many accounts a filter is worth its place. */
const MANY = 8;

/** Every account with its health, and one button each for the most important thing that can be repaired. */
export function AllAccountsPage() {
  const { status, error } = useAccounts();
  const accounts = useAccountList();
  if (status === "loading") {
    return (
      <Page title={t("all.title")} wide>
        <Skeleton label={t("app.loading")} lines={4} />
      </Page>
    );
  }
  if (status === "failed" && error) {
    return (
      <Page title={t("all.title")} subtitle={t("all.loadFailed")}>
        <ErrorText error={error} actions={<Button onPress={() => void loadAccounts()}>{t("common.retry")}</Button>} />
      </Page>
    );
  }
  if (accounts.length === 0) {
    return (
      <Page title={t("all.title")} wide>
        <EmptyState
          icon={Users}
          title={t("all.emptyTitle")}
          text={t("all.emptyText")}
          action={
            <Button look="primary" icon={Plus} onPress={() => go({ name: "add" })}>
              {t("nav.addAccount")}
            </Button>
          }
        />
      </Page>
    );
  }
  return (
    <Page title={t("all.title")} subtitle={`${summarySentence(accounts)} ${t("all.privacy")}`} wide actions={<SheetButton />}>
      <AccountsTable accounts={accounts} />
    </Page>
  );
}

function SheetButton() {
  return (
    <Button icon={ScrollText} onPress={() => go({ name: "emergencySheet", accountId: null })}>
      {t("emergency.open")}
    </Button>
  );
}

function AccountsTable({ accounts }: { readonly accounts: readonly Account[] }) {
  // What `npm run bench` measures a start by.
  useEffect(() => void performance.mark("accounts-shown"), []);
  const [query, setQuery] = useState("");
  const [onlyNeeds, setOnlyNeeds] = useState(false);
  const many = accounts.length > MANY;
  const shown = many ? accounts.filter((account) => matchesFilter(account, query) && (!onlyNeeds || needsAttention(account))) : accounts;
  const clear = (): void => {
    setQuery("");
    setOnlyNeeds(false);
  };
  return (
    <>
      {many && (
        <div className={styles["filters"]} role="search">
          <SearchField label={t("all.filter")} placeholder={t("all.filterPlaceholder")} value={query} onChange={setQuery} />
          <label className={styles["only"]}>
            <input type="checkbox" checked={onlyNeeds} onChange={(event) => setOnlyNeeds(event.target.checked)} />
            {t("all.filterNeeds")}
          </label>
          <span className={styles["count"]} role="status">
            {shown.length < accounts.length && t("all.shown", { shown: shown.length, total: accounts.length })}
          </span>
        </div>
      )}
      {shown.length > 0 ? (
        <Table
          label={t("all.table")}
          cards
          rows={shown}
          keyOf={({ accountId }) => accountId}
          columns={[
            { id: "account", name: t("all.account") },
            { id: "session", name: t("health.thisSession") },
            { id: "backup", name: t("health.secureBackup") },
            { id: "email", name: t("health.recoveryEmail"), gives: true },
            { id: "others", name: t("health.otherSessions") },
            { id: "fix", name: t("all.fixColumn"), hideName: true },
          ]}
          cells={accountCells}
        />
      ) : (
        <EmptyState
          icon={Search}
          title={t("all.filterNone")}
          text={query ? t("all.filterNoneText", { query }) : ""}
          action={<Button onPress={clear}>{t("all.clearFilter")}</Button>}
        />
      )}
    </>
  );
}

function accountCells(account: Account) {
  const fix = chooseFix(account);
  return [
    <AccountCell key="account" account={account} />,
    <span key="session" title={account.session.error ? errorWords(account.session.error).sentence : undefined}>
      <Pill {...sessionVerdict(account)} />
    </span>,
    <Pill key="backup" {...backupVerdict(account.health)} />,
    <Pill key="email" {...emailVerdict(account.health)} />,
    <Pill key="others" {...sessionsVerdict(account.health)} />,
    fix && <FixButton key="fix" account={account} fix={fix} />,
  ];
}

function AccountCell({ account }: { readonly account: Account }) {
  const name = nameOf(account);
  return (
    <button
      type="button"
      className={styles["account"]}
      onClick={() => go({ name: "account", accountId: account.accountId, page: "overview" })}
    >
      <Avatar account={account} />
      <span className={styles["words"]}>
        <span className={styles["name"]} title={name}>
          <ServerText>{name}</ServerText>
        </span>
        <span className={styles["id"]} title={account.userId}>
          <ServerText>{account.userId}</ServerText>
        </span>
      </span>
    </button>
  );
}

function FixButton({ account, fix }: { readonly account: Account; readonly fix: Fix }) {
  const action = useHealthFix(account);
  const text = t(`fix.${fix}`);
  return (
    <Button small busy={action.busy} aria-label={t("fix.named", { fix: text, name: nameOf(account) })} onPress={() => void action.run(fix)}>
      {text}
    </Button>
  );
}
