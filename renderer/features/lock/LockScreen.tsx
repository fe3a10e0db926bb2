import { useState } from "react";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Form, Page } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import styles from "./LockScreen.module.css";

/** All that a locked window shows. Main loads the page again once it is unlocked. */
export function LockScreen() {
  const [passphrase, setPassphrase] = useState("");
  const unlock = useAction(() => steward.lock.unlock({ passphrase }));
  return (
    <main className={styles["screen"]}>
      <Page title={t("lock.title")} subtitle={t("lock.text")}>
        <Form onSubmit={() => void (passphrase !== "" && unlock.run())}>
          <PasswordField
            label={t("gate.passphraseField")}
            value={passphrase}
            onChange={setPassphrase}
            autoComplete="off"
            autoFocus
          />
          {unlock.error && <ErrorText error={unlock.error} />}
          <Buttons>
            <Button type="submit" look="primary" busy={unlock.busy} isDisabled={passphrase === ""}>
              {t("gate.unlock")}
            </Button>
          </Buttons>
          <p className={styles["quiet"]}>{t("lock.forgotten")}</p>
        </Form>
      </Page>
    </main>
  );
}
