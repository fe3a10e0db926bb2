import { ExternalLink } from "lucide-react";
import type { LoginFlow } from "../../../shared/contract/signIn.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { isUnderWay } from "../../stores/browserSignIns.ts";
import { UnderWay, useBrowserSignIn } from "./BrowserSignInSteps.tsx";
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
  const { signIn, begun } = useBrowserSignIn(onDone);
  const start = useAction(async (providerId: string | null) => {
    begun((await steward.signIn.startSso({ serverName, baseUrl, providerId, accountId, acceptInsecureHttp })).signInId);
  });
  if (signIn && isUnderWay(signIn)) return <UnderWay signIn={signIn} />;
  const providers = flow.providers.length > 0 ? flow.providers : [null];
  const press = (providerId: string | null): void => {
    if (mayStart) void start.run(providerId);
    else onRefused?.();
  };
  return (
    <div className={styles["providers"]}>
      {providers.map((provider) => (
        <Button key={provider?.id ?? ""} icon={ExternalLink} isDisabled={start.busy} onPress={() => press(provider?.id ?? null)}>
          {provider ? t("add.sso.provider", { provider: provider.name }) : t("add.sso.any")}
        </Button>
      ))}
      {start.error && <ErrorText error={start.error} />}
      {signIn?.status === "failed" && <ErrorText error={signIn.error} />}
    </div>
  );
}
