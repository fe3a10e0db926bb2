import { t } from "../i18n/index.ts";
import styles from "./CodeField.module.css";
import { TextField } from "./TextField.tsx";
import type { TypedCode } from "./useCode.ts";

interface CodeFieldProps {
  readonly typed: TypedCode;
  /** Why what was handed in was refused. */
  readonly refused: string | null;
  readonly onType?: () => void;
}

/** A field for the code from a text message. */
export function CodeField({ typed, refused, onType }: CodeFieldProps) {
  return (
    <div className={styles["code"]}>
      <TextField
        label={t("addresses.code")}
        value={typed.code}
        onChange={(text) => {
          typed.type(text);
          onType?.();
        }}
        autoComplete="one-time-code"
        problem={typed.problem ?? refused}
      />
    </div>
  );
}
