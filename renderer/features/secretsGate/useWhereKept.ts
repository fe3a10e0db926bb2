import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { WhereKept } from "../../../shared/contract/secrets.ts";
import { steward } from "../../bridge.ts";
import { useAccountList } from "../../stores/accounts.ts";

/** The accounts that depend on the keychain, and those that depend on a passphrase. */
export type AccountsWhereKept = Readonly<Record<keyof WhereKept, readonly Account[]>>;

/** Which accounts depend on what; null until main has said, "unknown" when it could not find out. */
export function useWhereKept(): AccountsWhereKept | "unknown" | null {
  const accounts = useAccountList();
  const [kept, setKept] = useState<WhereKept | "unknown" | null>(null);
  useEffect(() => {
    let over = false;
    const answered = (answer: WhereKept | "unknown"): void => {
      if (!over) setKept(answer);
    };
    steward.secrets.whereKept({}).then(answered, () => answered("unknown"));
    return () => {
      over = true;
    };
  }, []);
  if (kept === null || kept === "unknown") return kept;
  const among = (ids: WhereKept["keychain"]): Account[] => accounts.filter(({ accountId }) => ids.includes(accountId));
  return { keychain: among(kept.keychain), passphrase: among(kept.passphrase) };
}
