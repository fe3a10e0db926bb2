import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { steward } from "../bridge.ts";
import { t } from "../i18n/index.ts";
import { announce, speak } from "../stores/announcements.ts";
import { Button } from "./Button.tsx";
import { ServerText } from "./ServerText.tsx";
import styles from "./CopyableText.module.css";

/** Text that can be selected, with a button that copies it. `what` names it for the button. */
export function CopyableText({ text, what }: { readonly text: string; readonly what: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    try {
      await steward.app.copyText({ text });
      setCopied(true);
      speak(t("common.copied"));
    } catch {
      announce(() => t("common.notCopied", { what }), "warn");
    }
  };
  return (
    <span className={styles["copyable"]}>
      <span className={styles["text"]} title={text}>
        <ServerText>{text}</ServerText>
      </span>
      <Button look="quiet" small icon={copied ? Check : Copy} aria-label={t("common.copyNamed", { what })} onPress={() => void copy()} />
    </span>
  );
}
