import { Command, LayoutGrid, Plus, Server, Settings } from "lucide-react";
import { useEffect, useRef, type KeyboardEvent } from "react";
import type { Account } from "../../shared/contract/accounts.ts";
import { isStarting, markOf, nameOf, needsAttention } from "../accountHealth.ts";
import { Avatar } from "../components/Avatar.tsx";
import { ServerText } from "../components/ServerText.tsx";
import { JobsTray } from "../features/jobs/JobsTray.tsx";
import { t } from "../i18n/index.ts";
import { moveAccount, useAccountList, useAccounts } from "../stores/accounts.ts";
import { adminAccess } from "../stores/adminAccess.ts";
import { useAdministered } from "../stores/administered.ts";
import { speak } from "../stores/announcements.ts";
import { openDialog } from "../stores/dialogs.ts";
import { go, goToAccount, useRoutes } from "../stores/routes.ts";
import styles from "./Columns.module.css";
import { withModifier } from "./shortcuts.ts";

/** The left column: all accounts, each account, and what belongs to none of them. */
export function AccountsColumn() {
  const route = useRoutes((state) => state.route);
  const loading = useAccounts((state) => state.status === "loading");
  const accounts = useAccountList();
  return (
    <nav className={styles["accounts"]} aria-label={t("nav.accounts")}>
      <button
        type="button"
        className={styles["item"]}
        aria-current={route.name === "all" ? "page" : undefined}
        title={t("nav.allAccounts")}
        onClick={() => go({ name: "all" })}
      >
        <span className={styles["allIcon"]}>
          <LayoutGrid size={16} aria-hidden />
        </span>
        <span className={styles["words"]}>
          <span className={styles["name"]}>{t("nav.allAccounts")}</span>
          <span className={styles["id"]}>{loading ? " " : allSummary(accounts)}</span>
        </span>
      </button>
      <hr className={styles["rule"]} />
      <ul className={styles["list"]}>
        {accounts.map((account) => (
          <AccountItem
            key={account.accountId}
            account={account}
            chosen={route.name === "account" && route.accountId === account.accountId}
          />
        ))}
      </ul>
      <JobsTray />
      <ul className={styles["bottom"]}>
        <ServersItem chosen={route.name === "servers" || route.name === "offboarding" || route.name === "staffList"} />
        <li>
          <button
            type="button"
            className={styles["action"]}
            aria-current={route.name === "add" ? "page" : undefined}
            title={t("nav.addAccount")}
            onClick={() => go({ name: "add" })}
          >
            <Plus size={17} aria-hidden />
            <span className={styles["name"]}>{t("nav.addAccount")}</span>
          </button>
        </li>
        <li>
          <button
            type="button"
            className={styles["action"]}
            aria-haspopup="dialog"
            title={t("nav.find")}
            onClick={() => openDialog({ name: "palette" })}
          >
            <Command size={17} aria-hidden />
            <span className={styles["name"]}>{t("nav.find")}</span>
            <kbd className={styles["key"]} aria-hidden>
              {withModifier("K")}
            </kbd>
          </button>
        </li>
        <li>
          <button
            type="button"
            className={styles["action"]}
            aria-current={route.name === "settings" ? "page" : undefined}
            title={t("nav.settings")}
            onClick={() => go({ name: "settings" })}
          >
            <Settings size={17} aria-hidden />
            <span className={styles["name"]}>{t("nav.settings")}</span>
          </button>
        </li>
      </ul>
    </nav>
  );
}

/** The servers that somebody here is an admin of, where there is one. */
function ServersItem({ chosen }: { readonly chosen: boolean }) {
  const accounts = useAccountList();
  useEffect(() => {
    // Main tells of what it finds out from now on; this is what it had told before.
    for (const { accountId } of accounts) if (adminAccess.get(accountId).answeredAt === null) void adminAccess.load(accountId);
  }, [accounts]);
  if (useAdministered().length === 0) return null;
  return (
    <li>
      <button
        type="button"
        className={styles["action"]}
        aria-current={chosen ? "page" : undefined}
        title={t("nav.servers")}
        onClick={() => go({ name: "servers" })}
      >
        <Server size={17} aria-hidden />
        <span className={styles["name"]}>{t("nav.servers")}</span>
      </button>
    </li>
  );
}

function AccountItem({ account, chosen }: { readonly account: Account; readonly chosen: boolean }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (chosen) button.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const name = nameOf(account);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    void moveAndSay(account, event.key === "ArrowUp" ? -1 : 1).then(() => button.current?.focus());
  };
  return (
    <li>
      <button
        ref={button}
        type="button"
        className={styles["item"]}
        aria-current={chosen ? "page" : undefined}
        aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
        title={`${name}\n${account.userId}`}
        onClick={() => goToAccount(account.accountId)}
        onKeyDown={onKeyDown}
      >
        <Avatar account={account} mark={markOf(account)} />
        <span className={styles["words"]}>
          <span className={styles["name"]}>
            <ServerText>{name}</ServerText>
          </span>
          <span className={styles["id"]}>
            <ServerText>{account.userId}</ServerText>
          </span>
        </span>
      </button>
    </li>
  );
}

async function moveAndSay(account: Account, by: -1 | 1): Promise<void> {
  const position = await moveAccount(account.accountId, by);
  if (position === null) return;
  speak(t("nav.moved", { name: nameOf(account), position, count: useAccounts.getState().order.length }));
}

function allSummary(accounts: readonly Account[]): string {
  if (accounts.length === 0) return t("nav.noAccounts");
  const count = accounts.length;
  const starting = accounts.filter(isStarting).length;
  if (starting > 0) return t("nav.allSummaryStarting", { count, starting });
  const needs = accounts.filter(needsAttention).length;
  return needs === 0 ? t("nav.allSummary", { count }) : t("nav.allSummaryNeeds", { count, needs });
}
