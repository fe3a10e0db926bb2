import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import type { BrowserSignIn } from "../../../shared/contract/signIn.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { useOnceWhen } from "../../components/useOnceWhen.ts";
import { t } from "../../i18n/index.ts";
import { useBrowserSignIns } from "../../stores/browserSignIns.ts";
import { CodeToType } from "./CodeToType.tsx";
import styles from "./SingleSignOn.module.css";

/** A sign-in that this page has begun, as it is now. It is cancelled when the page is left. */
export function useBrowserSignIn(onDone: (accountId: AccountId) => void) {
  const [signInId, setSignInId] = useState<ConversationId | null>(null);
  const signIn = useBrowserSignIns(({ open }) => open.find((one) => one.signInId === signInId));
  const doneAs = signIn?.status === "done" ? signIn.accountId : null;
  useOnceWhen(doneAs, onDone);
  // A page that is left takes its question with it.
  useEffect(
    () => () => {
      if (signInId !== null) steward.signIn.cancelBrowserSignIn({ signInId }).catch(() => undefined);
    },
    [signInId],
  );
  return { signIn, begun: setSignInId };
}

/** How long nothing may come back before it is worth a word, in milliseconds. */
const SLOW_MS = 60_000;

interface UnderWayProps {
  readonly signIn: BrowserSignIn;
  /** What the person does on the page, where it is not signing in. */
  readonly waitingText?: string;
}

/** A sign-in that goes on in the browser: the page's address, and the way out. */
export function UnderWay({ signIn, waitingText }: UnderWayProps) {
  const { signInId } = signIn;
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [signInId]);
  const open = useAction(() => steward.signIn.openBrowserSignIn({ signInId }));
  const cancel = useAction(() => steward.signIn.cancelBrowserSignIn({ signInId }));
  if (signIn.status === "waiting" && signIn.userCode !== null) return <CodeToType signIn={signIn} userCode={signIn.userCode} />;
  if (signIn.status !== "waiting") {
    return (
      <Notice tone="info" live>
        {t("add.sso.finishing")}
      </Notice>
    );
  }
  return (
    <div className={styles["waiting"]}>
      <Notice tone={signIn.browserFailed ? "warn" : "info"} live>
        {signIn.browserFailed ? t("add.sso.browserFailed") : (waitingText ?? t("add.sso.waiting"))}
      </Notice>
      {slow && !signIn.browserFailed && <p role="status">{t("add.sso.slow")}</p>}
      <div className={styles["address"]}>
        {!signIn.browserFailed && <p>{t("add.sso.notOpened")}</p>}
        <CopyableText text={signIn.url} what={t("add.sso.address")} />
      </div>
      {cancel.error && <ErrorText error={cancel.error} />}
      <Buttons>
        <Button icon={ExternalLink} busy={open.busy} onPress={() => void open.run()}>
          {t("add.sso.openAgain")}
        </Button>
        <Button autoFocus onPress={() => void cancel.run()}>
          {t("common.cancel")}
        </Button>
      </Buttons>
    </div>
  );
}
