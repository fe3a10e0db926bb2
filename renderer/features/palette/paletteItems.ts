import type { Account } from "../../../shared/contract/accounts.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { chooseFix, nameOf } from "../../accountHealth.ts";
import { withoutDirections } from "../../i18n/direction.ts";
import { t } from "../../i18n/index.ts";
import { accountPages, adminPages } from "../../stores/routes.ts";
import type { PaletteCommand } from "./paletteCommands.ts";

/** One thing the palette can reach. */
export interface PaletteItem {
  readonly id: string;
  readonly group: "account" | "page" | "action";
  readonly text: string;
  /** A second line, found by the search too. */
  readonly detail?: string;
  readonly command: PaletteCommand;
}

/**
 * Everything that can be reached: accounts first, then actions and pages that belong to none, then those of
 * accounts.
 *
 * @param isAdmin whether an account is an admin of its server, and has pages for that
 */
export function paletteItems(accounts: readonly Account[], isAdmin: (accountId: AccountId) => boolean = () => false): PaletteItem[] {
  return [
    ...accounts.map(accountItem),
    { id: "all", group: "page", text: t("nav.allAccounts"), command: { do: "go", to: { name: "all" } } },
    ...(accounts.some(({ accountId }) => isAdmin(accountId))
      ? ([
          { id: "servers", group: "page", text: t("nav.servers"), command: { do: "go", to: { name: "servers" } } },
          { id: "offboarding", group: "page", text: t("offboarding.title"), command: { do: "go", to: { name: "offboarding" } } },
          { id: "staffList", group: "page", text: t("staffList.title"), command: { do: "go", to: { name: "staffList" } } },
        ] as const)
      : []),
    { id: "add", group: "action", text: t("nav.addAccount"), command: { do: "go", to: { name: "add" } } },
    {
      id: "emergencySheet",
      group: "page",
      text: t("emergency.title"),
      command: { do: "go", to: { name: "emergencySheet", accountId: null } },
    },
    { id: "settings", group: "page", text: t("nav.settings"), command: { do: "go", to: { name: "settings" } } },
    { id: "lock", group: "action", text: t("lock.now"), command: { do: "lock" } },
    { id: "theme-light", group: "action", text: t("palette.themeLight"), command: { do: "theme", theme: "light" } },
    { id: "theme-dark", group: "action", text: t("palette.themeDark"), command: { do: "theme", theme: "dark" } },
    { id: "theme-system", group: "action", text: t("palette.themeSystem"), command: { do: "theme", theme: "system" } },
    { id: "report", group: "action", text: t("palette.copyReport"), command: { do: "copyReport" } },
    { id: "check-all", group: "action", text: t("palette.checkAll"), command: { do: "checkAll" } },
    ...accounts.flatMap((account) => itemsOf(account, isAdmin(account.accountId))),
  ];
}

function accountItem(account: Account): PaletteItem {
  const { accountId, userId } = account;
  return {
    id: `account-${accountId}`,
    group: "account",
    text: nameOf(account),
    detail: userId,
    command: { do: "go", to: { name: "account", accountId, page: "overview" } },
  };
}

function itemsOf(account: Account, isAdmin: boolean): PaletteItem[] {
  const { accountId, userId } = account;
  const name = nameOf(account);
  const items: PaletteItem[] = [...accountPages, ...(isAdmin ? adminPages : [])].map((page) => ({
    id: `${page}-${accountId}`,
    group: "page",
    text: t("palette.pageOf", { page: t(`nav.${page}`), account: name }),
    detail: userId,
    command: { do: "go", to: { name: "account", accountId, page } },
  }));
  const fix = chooseFix(account);
  if (fix) {
    const text = t("palette.fixOf", { fix: t(`fix.${fix}`), account: name });
    items.push({
      id: `fix-${accountId}`,
      group: "action",
      text,
      detail: userId,
      command: { do: "fix", fix, accountId },
    });
  }
  items.push(
    {
      id: `check-${accountId}`,
      group: "action",
      text: t("palette.checkHealth", { account: name }),
      detail: userId,
      command: { do: "check", accountId },
    },
    {
      id: `sign-out-${accountId}`,
      group: "action",
      text: t("palette.signOut", { account: name }),
      detail: userId,
      command: { do: "signOut", accountId },
    },
  );
  return items;
}

/**
 * The items in which every word of the query is found, the best first: at the beginning of the text, at the beginning
 * of a word, inside a word, in the detail. Equal ones keep their order. An empty query finds everything.
 */
export function searchPalette(items: readonly PaletteItem[], query: string): PaletteItem[] {
  const words = folded(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...items];
  return items
    .map((item) => ({ item, score: scoreOf(item, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}

function scoreOf(item: PaletteItem, words: readonly string[]): number {
  const text = folded(item.text);
  const detail = folded(item.detail ?? "");
  let score = 0;
  for (const word of words) {
    const worth = text.startsWith(word)
      ? 4
      : text.split(/[\s·]+/).some((part) => part.startsWith(word))
        ? 3
        : text.includes(word)
          ? 2
          : detail.includes(word)
            ? 1
            : 0;
    if (worth === 0) return 0;
    score += worth;
  }
  return score;
}

/** Without case and without accents, so that "muller" finds "Müller". */
function folded(text: string): string {
  return withoutDirections(text).normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
