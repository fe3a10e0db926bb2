import type { PhraseStrength } from "../../shared/contract/phraseStrength.ts";
import { classNames } from "./classNames.ts";
import { t, type PlainTextKey } from "../i18n/index.ts";
import styles from "./StrengthMeter.module.css";

const words: readonly PlainTextKey[] = ["strength.score0", "strength.score1", "strength.score2", "strength.score3", "strength.score4"];

/** How hard a phrase is to guess: a bar, a word, and what would help. Null while it is being found out. */
export function StrengthMeter({ strength }: { readonly strength: PhraseStrength | null }) {
  const score = strength?.score ?? 0;
  const key = words[strength?.good ? 4 : score];
  const text = strength && key ? t(key) : "";
  return (
    <div className={styles["strength"]}>
      <div
        className={styles["meter"]}
        role="meter"
        aria-label={t("strength.label")}
        aria-valuemin={0}
        aria-valuemax={4}
        aria-valuenow={score}
        aria-valuetext={text}
      >
        {words.slice(1).map((word, index) => (
          <span key={word} className={classNames(index < score && styles[strength?.good ? "strong" : "weak"])} />
        ))}
      </div>
      <p className={styles["strengthText"]} role="status">
        {[text, strength?.warning, ...(strength?.suggestions ?? [])].filter(Boolean).map(asSentence).join(" ")}
      </p>
    </div>
  );
}

function asSentence(text: string | null | undefined): string {
  return !text || /[.!?]$/.test(text) ? (text ?? "") : `${text}.`;
}
