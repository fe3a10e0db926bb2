import { ListChecks, Server, UserX } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { Button } from "../../components/Button.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { Page, Section } from "../../components/Page.tsx";
import { SearchField } from "../../components/SearchField.tsx";
import { t } from "../../i18n/index.ts";
import { useAdministered } from "../../stores/administered.ts";
import { go } from "../../stores/routes.ts";
import { searchServers, useServerSearch } from "../../stores/serverSearch.ts";
import { SETTLED_MS, useSettled } from "../users/useSettled.ts";
import { FoundUsers } from "./FoundUsers.tsx";
import { ServerLine } from "./ServerLine.tsx";
import styles from "./Servers.module.css";
import { useRateLimits } from "./useRateLimits.ts";

/** All homeservers that accounts here are admins of: how each of them is, and one search over all of their users. */
export function ServersPage() {
  const administered = useAdministered();
  // Whoever is no admin any more is told so, and does not vanish while one looks.
  const [seen, setSeen] = useState<readonly Account[]>(administered);
  const added = administered.filter(({ accountId }) => !seen.some((account) => account.accountId === accountId));
  if (added.length > 0) setSeen([...seen, ...added]);
  const { search: searched, found } = useServerSearch();
  const [search, setSearch] = useState(searched);
  const limits = useRateLimits();
  const ids = seen.map(({ accountId }) => accountId);
  useSettled(search, SETTLED_MS, (settled) => void searchServers(ids, settled));
  const asked = ids.join(" ");
  useEffect(() => {
    // Servers that were found out about after the search began are searched as well.
    const { search: now, found: known } = useServerSearch.getState();
    const accountIds = asked.split(" ") as typeof ids;
    if (asked !== "" && now.trim() !== "" && accountIds.some((accountId) => !known[accountId])) void searchServers(accountIds, now);
  }, [asked]);
  if (seen.length === 0) {
    return (
      <Page title={t("servers.title")}>
        <EmptyState
          icon={Server}
          title={t("servers.none")}
          text={t("servers.noneText")}
          action={<Button onPress={() => go({ name: "all" })}>{t("nav.allAccounts")}</Button>}
        />
      </Page>
    );
  }
  return (
    <Page
      title={t("servers.title")}
      subtitle={t("servers.subtitle", { count: seen.length })}
      wide
      actions={
        <>
          <Button icon={ListChecks} onPress={() => go({ name: "staffList" })}>
            {t("staffList.open")}
          </Button>
          <Button icon={UserX} onPress={() => go({ name: "offboarding" })}>
            {t("offboarding.open")}
          </Button>
        </>
      }
    >
      <SearchField label={t("servers.search")} placeholder={t("users.searchPlaceholder")} value={search} onChange={setSearch} />
      <ul className={styles["servers"]} aria-label={t("servers.title")}>
        {seen.map((account) => (
          <ServerLine
            key={account.accountId}
            account={account}
            found={found[account.accountId] ?? null}
            limits={limits.get(account.accountId) ?? 0}
          />
        ))}
      </ul>
      {searched.trim() !== "" && (
        <Section title={t("servers.found")}>
          <FoundUsers accounts={seen} />
        </Section>
      )}
    </Page>
  );
}
