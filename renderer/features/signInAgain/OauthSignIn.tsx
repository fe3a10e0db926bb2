import { ExternalLink } from "lucide-react";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { isUnderWay } from "../../stores/browserSignIns.ts";
import { UnderWay, useBrowserSignIn } from "./BrowserSignInSteps.tsx";
import styles from "./SingleSignOn.module.css";

interface OauthSignInProps {
  readonly baseUrl: string;
  /** What the server is called on the screen. */
  readonly server: string;
  /** Null where it is not known. */
  readonly serverName: string | null;
  /** Of a full Matrix ID that was typed. */
  readonly localpart: string | null;
  /** The account that signs in again; null for a new one. */
  readonly accountId: AccountId | null;
  /** An account is created rather than signed in to. */
  readonly create?: boolean;
  /** The server's page takes a code from any browser. */
  readonly byCode?: boolean;
  /** The session is to be one of an admin's. */
  readonly admin?: boolean;
  /** What is said in place of signing in, and on the button, where the account is signed in already. */
  readonly words?: { readonly text: string; readonly button: string };
  /** The person has read the warning about an unencrypted connection. */
  readonly acceptInsecureHttp: boolean;
  /** Called when the button is pressed and may not be pressed yet. */
  readonly onRefused?: () => void;
  /** Whether the button may be pressed. */
  readonly mayStart?: boolean;
  readonly onDone: (accountId: AccountId) => void;
}

/** The button for a homeserver that signs people in on a page of its own (OAuth 2.0), and what becomes of it. */
export function OauthSignIn(props: OauthSignInProps) {
  const {
    server,
    serverName,
    baseUrl,
    localpart,
    accountId,
    acceptInsecureHttp,
    create = false,
    byCode = false,
    admin = false,
    words,
    mayStart = true,
  } = props;
  const { signIn, begun } = useBrowserSignIn(props.onDone);
  const start = useAction(async () => {
    const request = { serverName, baseUrl, localpart, accountId, create, admin, acceptInsecureHttp };
    begun((await steward.signIn.startOauth(request)).signInId);
  });
  const startByCode = useAction(async () => {
    begun((await steward.signIn.startOauthByCode({ serverName, baseUrl, accountId, acceptInsecureHttp })).signInId);
  });
  const error = start.error ?? startByCode.error;
  if (signIn && isUnderWay(signIn)) {
    return <UnderWay signIn={signIn} {...(create && { waitingText: t("add.oauth.creating") })} />;
  }
  return (
    <div className={styles["providers"]}>
      <p>{words?.text ?? t(create ? "add.oauth.createText" : "add.oauth.text", { server })}</p>
      <Buttons>
        <Button
          icon={ExternalLink}
          look={words ? "plain" : "primary"}
          busy={start.busy}
          isDisabled={startByCode.busy}
          onPress={() => (mayStart ? void start.run() : props.onRefused?.())}
        >
          {words?.button ?? t(create ? "add.oauth.create" : "add.sso.any")}
        </Button>
        {byCode && (
          <Button
            look="quiet"
            busy={startByCode.busy}
            isDisabled={start.busy}
            onPress={() => (mayStart ? void startByCode.run() : props.onRefused?.())}
          >
            {t("add.oauth.byCode")}
          </Button>
        )}
      </Buttons>
      {error && <ErrorText error={error} />}
      {!error && signIn?.status === "failed" && <ErrorText error={signIn.error} />}
    </div>
  );
}
