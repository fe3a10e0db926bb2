import { Copy, Download, Printer } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { Credentials } from "../../../shared/contract/newUsers.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { useSecretOnScreen } from "../../components/useSecretOnScreen.ts";
import { t } from "../../i18n/index.ts";
import { waitingCredentials } from "../../stores/credentials.ts";
import { PaperSlip } from "./PaperSlip.tsx";
import styles from "./UserActions.module.css";

type How = "copy" | "save" | "print";

const outcomes = {
  copy: { done: "credentials.copied", not: "credentials.notCopied" },
  save: { done: "credentials.saved", not: "credentials.notSaved" },
  print: { done: "credentials.printed", not: "credentials.notPrinted" },
} as const;

interface CredentialsSlipProps {
  readonly account: Account;
  readonly credentialsId: Credentials["credentialsId"];
  /** Until when they may set up a new identity without a password, in milliseconds since 1970; null where they may not. */
  readonly identityUntil?: number | null;
}

/** A password that is to be handed out, with the ways to take it elsewhere. */
export function CredentialsSlip({ account, credentialsId, identityUntil = null }: CredentialsSlipProps) {
  const { accountId, homeserver } = account;
  const [credentials, setCredentials] = useState<Credentials | null>(null);
  const [said, setSaid] = useState("");
  const shown = useRef<HTMLElement>(null);
  const load = useAction(async () => setCredentials(await steward.newUsers.showCredentials({ accountId, credentialsId })));
  const keep = useAction(async (how: How) => {
    setSaid("");
    const { kept } = await steward.newUsers.keepCredentials({ accountId, credentialsId, how });
    setSaid(t(kept ? outcomes[how].done : outcomes[how].not));
  });
  const { run: loadNow } = load;
  useEffect(() => void loadNow(), [loadNow]);
  // Left without a word it still waits to be handed out.
  useEffect(() => () => void waitingCredentials.load(accountId), [accountId]);
  const { run } = keep;
  const copy = useCallback(() => void run("copy"), [run]);
  useSecretOnScreen(shown, credentials !== null, copy);
  if (load.error) return <ErrorText error={load.error} />;
  if (!credentials) return <Skeleton label={t("credentials.looking")} lines={2} />;
  const { userId, password } = credentials;
  return (
    <div className={styles["slip"]}>
      <p>{t(credentials.isSet ? "credentials.for" : "credentials.forUnknown", { userId })}</p>
      <code ref={shown} className={styles["password"]} role="group" aria-label={t("credentials.password")}>
        {password}
      </code>
      <div className={styles["line"]}>
        <Button icon={Copy} onPress={copy}>
          {t("credentials.copy")}
        </Button>
        <Button icon={Download} onPress={() => void run("save")}>
          {t("credentials.save")}
        </Button>
        <Button icon={Printer} onPress={() => void run("print")}>
          {t("credentials.print")}
        </Button>
        <span role="status" className={styles["quiet"]}>
          {said}
        </span>
      </div>
      <p className={styles["quiet"]}>{t("credentials.kept")}</p>
      {keep.error && <ErrorText error={keep.error} />}
      {createPortal(
        <div className="printOnly">
          <PaperSlip homeserver={homeserver} userId={userId} password={password} identityUntil={identityUntil} />
        </div>,
        document.body,
      )}
    </div>
  );
}
