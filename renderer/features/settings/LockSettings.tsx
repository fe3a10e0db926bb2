import { Lock } from "lucide-react";
import { useEffect, useState } from "react";
import type { LockState } from "../../../shared/contract/lock.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Buttons, Section } from "../../components/Page.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { SelectField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { durationText, t } from "../../i18n/index.ts";
import { useSecrets } from "../../stores/secrets.ts";
import { lockAfter, useSettings } from "../../stores/settings.ts";
import styles from "./Settings.module.css";

/** After so many minutes without a person. */
const MINUTES = [5, 15, 30, 60];
const NEVER = "never";

/** Locks the window now, or by itself when nobody is there; or says why it can't. */
export function LockSettings() {
  const after = useSettings(({ settings }) => settings.lockAfterMinutes ?? null);
  // The way to unlock follows how secrets are protected.
  const secrets = useSecrets((state) => state.state);
  const [state, setState] = useState<LockState | null>(null);
  useEffect(() => {
    let left = false;
    void steward.lock
      .state({})
      .then((answer) => left || setState(answer))
      .catch(() => undefined);
    return () => {
      left = true;
    };
  }, [secrets]);
  const lock = useAction(() => steward.lock.lock({}));
  const change = useAction((value: string) => lockAfter(value === NEVER ? null : Number(value)));
  return (
    <Section title={t("lock.section")}>
      {state === null ? (
        <Skeleton label={t("app.loading")} lines={1} />
      ) : !state.canLock ? (
        <p className={styles["quiet"]}>{t("lock.noWay")}</p>
      ) : (
        <>
          <p className={styles["quiet"]}>{t("lock.meaning")}</p>
          <SelectField
            label={t("lock.after")}
            value={after === null ? NEVER : String(after)}
            onChange={(value) => void change.run(value)}
            options={[
              { value: NEVER, text: t("lock.never") },
              ...MINUTES.map((minutes) => ({ value: String(minutes), text: durationText(minutes * 60_000) })),
            ]}
          />
          {(change.error ?? lock.error) && <ErrorText error={(change.error ?? lock.error)!} />}
          <Buttons>
            <Button icon={Lock} busy={lock.busy} onPress={() => void lock.run()}>
              {t("lock.now")}
            </Button>
          </Buttons>
        </>
      )}
    </Section>
  );
}
