import { useEffect, useState } from "react";
import { steward } from "../../bridge.ts";
import type { LockState } from "../../../shared/contract/lock.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Form, Page } from "../../components/Page.tsx";
import { PasswordField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import styles from "./LockScreen.module.css";

/** All that a locked window shows. Main loads the page again once it is unlocked. */
export function LockScreen() {
  const [way, setWay] = useState<LockState["way"]>("passphrase");
  const [passphrase, setPassphrase] = useState("");
  useEffect(() => {
    void steward.lock
      .state({})
      .then((state) => setWay(state.way))
      .catch(() => undefined);
  }, []);
  const unlock = useAction(() => steward.lock.unlock({ passphrase: way === "passphrase" ? passphrase : null }));
  return (
    <main className={styles["screen"]}>
      <Page title={t("lock.title")} subtitle={t(`lock.text.${way ?? "passphrase"}`)}>
        <Form onSubmit={() => void ((way === "system" || passphrase !== "") && unlock.run())}>
          {way === "passphrase" && (
            <PasswordField
              label={t("gate.passphraseField")}
              value={passphrase}
              onChange={setPassphrase}
              autoComplete="off"
              autoFocus
            />
          )}
          {unlock.error && <ErrorText error={unlock.error} />}
          <Buttons>
            <Button type="submit" look="primary" busy={unlock.busy} isDisabled={way === "passphrase" && passphrase === ""}>
              {t("gate.unlock")}
            </Button>
          </Buttons>
          {way === "passphrase" && <p className={styles["quiet"]}>{t("lock.forgotten")}</p>}
        </Form>
      </Page>
    </main>
  );
}
