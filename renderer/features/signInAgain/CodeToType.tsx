import { ExternalLink } from "lucide-react";
import type { BrowserSignIn } from "../../../shared/contract/signIn.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { CopyableText } from "../../components/CopyableText.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import styles from "./CodeToType.module.css";

interface CodeToTypeProps {
  readonly signIn: Extract<BrowserSignIn, { status: "waiting" }>;
  readonly userCode: string;
}

/** A sign-in by a code: the page, the code to type on it, and the way out. */
export function CodeToType({ signIn, userCode }: CodeToTypeProps) {
  const { signInId } = signIn;
  const open = useAction(() => steward.signIn.openBrowserSignIn({ signInId }));
  const cancel = useAction(() => steward.signIn.cancelBrowserSignIn({ signInId }));
  return (
    <div className={styles["steps"]}>
      <p>{t("add.oauth.codePage")}</p>
      <CopyableText text={signIn.url} what={t("add.sso.address")} />
      <p>{t("add.oauth.codeText")}</p>
      <div className={styles["code"]}>
        <CopyableText text={userCode} what={t("add.oauth.code")} />
      </div>
      <Notice tone={signIn.browserFailed ? "warn" : "info"} live>
        {t(signIn.browserFailed ? "add.oauth.pageFailed" : "add.oauth.codeWaiting")}
      </Notice>
      {(open.error ?? cancel.error) && <ErrorText error={(open.error ?? cancel.error)!} />}
      <Buttons>
        <Button icon={ExternalLink} autoFocus busy={open.busy} onPress={() => void open.run()}>
          {t("add.oauth.openPage")}
        </Button>
        <Button onPress={() => void cancel.run()}>{t("common.cancel")}</Button>
      </Buttons>
    </div>
  );
}
