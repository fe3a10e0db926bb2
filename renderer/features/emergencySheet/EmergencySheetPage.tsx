import { Download, Printer, ScrollText } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { createPortal, flushSync } from "react-dom";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { nameOf } from "../../accountHealth.ts";
import { errorOf, steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, Page, Section } from "../../components/Page.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { PasswordField, SelectField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useAccountList } from "../../stores/accounts.ts";
import { go } from "../../stores/routes.ts";
import styles from "./EmergencySheet.module.css";
import { Sheet, type PrintedKey } from "./Sheet.tsx";

/** Where the Security Key on a sheet comes from. `blank` leaves a line for a pen. */
type KeySource = "blank" | "kept" | "typed";

interface SheetChoice {
  readonly chosen: boolean;
  readonly source: KeySource;
  readonly typed: string;
}

interface PreparedSheet {
  readonly account: Account;
  readonly key: PrintedKey | null;
}

/**
 * Makes a sheet of paper for each chosen account that says how to get back into it. A Security Key is in the window only
 * from the moment the person prints until that has ended, and never on the screen.
 */
export function EmergencySheetPage({ accountId }: { readonly accountId: AccountId | null }) {
  const accounts = useAccountList();
  const [choices, setChoices] = useState<ReadonlyMap<AccountId, SheetChoice>>(new Map());
  const [kept, setKept] = useState<ReadonlySet<AccountId>>(new Set());
  const [problems, setProblems] = useState<ReadonlyMap<AccountId, AppError | "empty">>(new Map());
  const [sheets, setSheets] = useState<readonly PreparedSheet[]>([]);
  const [said, setSaid] = useState("");
  const ids = accounts.map((account) => account.accountId).join(" ");
  useEffect(() => {
    let left = false;
    const accountIds = ids === "" ? [] : (ids.split(" ") as AccountId[]);
    void steward.emergencySheet
      .stored({ accountIds })
      // Without the answer the key can still be typed.
      .catch(() => ({ accountIds: [] }))
      .then((answer) => left || setKept(new Set(answer.accountIds)));
    return () => {
      left = true;
    };
  }, [ids]);

  const choiceOf = (id: AccountId): SheetChoice =>
    choices.get(id) ?? { chosen: accountId === null || id === accountId, source: "blank", typed: "" };
  const choose = (id: AccountId, change: Partial<SheetChoice>): void => {
    setChoices((before) => new Map(before).set(id, { ...choiceOf(id), ...change }));
    setProblems((before) => new Map([...before].filter(([other]) => other !== id)));
    setSaid("");
  };
  const chosen = accounts.filter((account) => choiceOf(account.accountId).chosen);
  const withKey = chosen.some((account) => choiceOf(account.accountId).source !== "blank");

  /** The sheets as they go on paper, or null when a key was not the right one: then nothing is printed. */
  const prepare = async (): Promise<PreparedSheet[] | null> => {
    const found = new Map<AccountId, AppError | "empty">();
    const prepared: PreparedSheet[] = [];
    for (const account of chosen) {
      const { source, typed } = choiceOf(account.accountId);
      if (source === "typed" && typed.trim() === "") found.set(account.accountId, "empty");
      else {
        try {
          const keyOrPhrase = source === "kept" ? ({ kept: true } as const) : typed;
          const key = source === "blank" ? null : await steward.emergencySheet.securityKey({ accountId: account.accountId, keyOrPhrase });
          prepared.push({ account, key });
        } catch (thrown) {
          found.set(account.accountId, errorOf(thrown));
        }
      }
    }
    setProblems(found);
    return found.size === 0 ? prepared : null;
  };
  const keep = useAction(async (how: "print" | "pdf") => {
    setSaid("");
    const prepared = await prepare();
    if (!prepared) return;
    try {
      // What is printed is what is in the page at that moment.
      flushSync(() => setSheets(prepared));
      const [only] = prepared;
      const name =
        prepared.length === 1 && only
          ? t("emergency.file", { userId: only.account.userId })
          : t("emergency.fileMany", { count: prepared.length });
      const done = await steward.emergencySheet.keep({ how, name });
      setSaid(t(done.kept ? `emergency.done.${how}` : `emergency.notDone.${how}`));
    } finally {
      setSheets([]);
    }
  });

  if (accounts.length === 0) {
    return (
      <Page title={t("emergency.title")}>
        <EmptyState
          icon={ScrollText}
          title={t("emergency.emptyTitle")}
          text={t("emergency.emptyText")}
          action={<Button onPress={() => go({ name: "add" })}>{t("nav.addAccount")}</Button>}
        />
      </Page>
    );
  }
  return (
    <Page title={t("emergency.title")} subtitle={t("emergency.subtitle")}>
      <Section title={t("emergency.accounts")}>
        <ul className={styles["accounts"]}>
          {accounts.map((account) => (
            <SheetForAccount
              key={account.accountId}
              account={account}
              choice={choiceOf(account.accountId)}
              kept={kept.has(account.accountId)}
              problem={problems.get(account.accountId) ?? null}
              onChange={(change) => choose(account.accountId, change)}
            />
          ))}
        </ul>
      </Section>
      {withKey && <Notice tone="warn">{t("emergency.withKey")}</Notice>}
      {keep.error && <ErrorText error={keep.error} />}
      <Buttons>
        <Button look="primary" icon={Printer} busy={keep.busy} isDisabled={chosen.length === 0} onPress={() => void keep.run("print")}>
          {t("emergency.print", { count: chosen.length })}
        </Button>
        <Button icon={Download} busy={keep.busy} isDisabled={chosen.length === 0} onPress={() => void keep.run("pdf")}>
          {t("emergency.pdf")}
        </Button>
        <span role="status" className={styles["quiet"]}>
          {problems.size > 0 ? t("emergency.problems", { count: problems.size }) : said}
        </span>
      </Buttons>
      {createPortal(
        sheets.map(({ account, key }) => <Sheet key={account.accountId} account={account} securityKey={key} />),
        document.body,
      )}
    </Page>
  );
}

interface SheetForAccountProps {
  readonly account: Account;
  readonly choice: SheetChoice;
  /** Whether this computer keeps its Security Key. */
  readonly kept: boolean;
  readonly problem: AppError | "empty" | null;
  readonly onChange: (change: Partial<SheetChoice>) => void;
}

function SheetForAccount({ account, choice, kept, problem, onChange }: SheetForAccountProps) {
  const nameId = useId();
  const { chosen, source, typed } = choice;
  const sources: readonly KeySource[] = kept ? ["blank", "kept", "typed"] : ["blank", "typed"];
  return (
    <li className={styles["account"]} aria-labelledby={nameId}>
      <Checkbox value={chosen} onChange={(value) => onChange({ chosen: value })}>
        <span id={nameId} className={styles["name"]}>
          <ServerText>{nameOf(account)}</ServerText> <span className={styles["quiet"]}>{account.userId}</span>
        </span>
      </Checkbox>
      {chosen && (
        <div className={styles["key"]}>
          <SelectField
            label={t("emergency.key")}
            value={source}
            onChange={(value) => onChange({ source: value as KeySource })}
            options={sources.map((value) => ({ value, text: t(`emergency.sources.${value}`) }))}
          />
          {source === "typed" && (
            <PasswordField
              label={t("backup.unlock.fieldKey")}
              value={typed}
              onChange={(value) => onChange({ typed: value })}
              autoComplete="off"
              problem={problem === "empty" ? t("backup.kept.required") : null}
            />
          )}
          {problem !== null && problem !== "empty" && <ErrorText error={problem} />}
        </div>
      )}
    </li>
  );
}
