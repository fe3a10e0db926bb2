import { Button } from "../../components/Button.tsx";
import { t } from "../../i18n/index.ts";
import styles from "./AddAccount.module.css";

interface RecentHomeserversProps {
  /** In words that find them. */
  readonly inputs: readonly string[];
  readonly onChoose: (input: string) => void;
  readonly onForget: () => void;
}

/** The homeservers where accounts were added before, each one press away. */
export function RecentHomeservers({ inputs, onChoose, onForget }: RecentHomeserversProps) {
  if (inputs.length === 0) return null;
  return (
    <div role="group" aria-label={t("recentHomeservers.title")} className={styles["recent"]}>
      <span>{t("recentHomeservers.title")}</span>
      {inputs.map((input) => (
        <Button key={input} small onPress={() => onChoose(input)}>
          {input}
        </Button>
      ))}
      <Button look="quiet" small onPress={onForget}>
        {t("recentHomeservers.forget")}
      </Button>
    </div>
  );
}
