import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import type { LoginFlow, SsoSignIn } from "../../../shared/contract/signIn.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { isUnderWay, useSsoSignIns } from "../../stores/ssoSignIns.ts";
import styles from "./SingleSignOn.module.css";

interface SingleSignOnProps {
  readonly flow: Extract<LoginFlow, { kind: "sso" }>;
  readonly baseUrl: string;
  /** Null where it is not known. */
  readonly serverName: string | null;
  /** The account that signs in again; null for a new one. */
  readonly accountId: AccountId | null;
  /** The person has read the warning about an unencrypted connection. */
  readonly acceptInsecureHttp: boolean;
  /** Called when a button is pressed that may not be pressed yet. */
  readonly onRefused?: () => void;
  /** Whether the buttons may be pressed. */
  readonly mayStart?: boolean;
  readonly onDone: (accountId: AccountId) => void;
}

/** Buttons for the providers of a homeserver, and what becomes of a sign-in that goes on in the browser. */
export function SingleSignOn(props: SingleSignOnProps) {
  const { flow, serverName, baseUrl, accountId, acceptInsecureHttp, onRefused, mayStart = true, onDone } = props;
  const [signInId, setSignInId] = useState<ConversationId | null>(null);
  const signIn = useSsoSignIns(({ byId }) => (signInId === null ? undefined : byId[signInId]));
  const start = useAction(async (providerId: string | null) => {
    const started = await steward.signIn.startSso({ serverName, baseUrl, providerId, accountId, acceptInsecureHttp });
    setSignInId(started.signInId);
  });
  const doneAs = signIn?.status === "done" ? signIn.accountId : null;
  useEffect(() => {
    if (doneAs !== null) onDone(doneAs);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each sign-in: what is done then may draw this anew
  }, [doneAs]);
  // A page that is left takes its question with it.
  useEffect(
    () => () => {
      if (signInId !== null) steward.signIn.cancelSso({ signInId }).catch(() => undefined);
    },
    [signInId],
  );
  if (signIn && isUnderWay(signIn)) return <UnderWay signIn={signIn} />;
  const providers = flow.providers.length > 0 ? flow.providers : [null];
  const press = (providerId: string | null): void => {
    if (mayStart) void start.run(providerId);
    else onRefused?.();
  };
  return (
    <div className={styles["providers"]}>
      {providers.map((provider) => (
        <Button
          key={provider?.id ?? ""}
          icon={ExternalLink}
          isDisabled={start.busy}
          onPress={() => press(provider?.id ?? null)}
        >
          {provider ? t("add.sso.provider", { provider: provider.name }) : t("add.sso.any")}
        </Button>
      ))}
      {start.error && <ErrorText error={start.error} />}
      {signIn?.status === "failed" && <ErrorText error={signIn.error} />}
    </div>
  );
}

/** How long nothing may come back before it is worth a word, in milliseconds. */
const SLOW_MS = 60_000;

function UnderWay({ signIn }: { readonly signIn: SsoSignIn }) {
  const { signInId } = signIn;
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [signInId]);
  const open = useAction(() => steward.signIn.openSso({ signInId }));
  const cancel = useAction(() => steward.signIn.cancelSso({ signInId }));
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
        {t(signIn.browserFailed ? "add.sso.browserFailed" : "add.sso.waiting")}
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
