import { steward } from "../../bridge.ts";
import { Page } from "../../components/Page.tsx";
import { t } from "../../i18n/index.ts";
import { PassphraseForm } from "../secretsGate/PassphraseForm.tsx";
import styles from "./LockScreen.module.css";

/** All that a locked window shows. Main loads the page again once it is unlocked. */
export function LockScreen() {
  return (
    <main className={styles["screen"]}>
      <Page title={t("lock.title")} subtitle={t("lock.text")}>
        <PassphraseForm
          unlock={(passphrase) => steward.lock.unlock({ passphrase })}
          autoComplete="off"
          below={() => <p className={styles["quiet"]}>{t("lock.forgotten")}</p>}
        />
      </Page>
    </main>
  );
}
