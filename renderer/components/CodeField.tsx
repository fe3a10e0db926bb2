import { readCode } from "../../shared/fields.ts";
import { problemText, t } from "../i18n/index.ts";
import styles from "./CodeField.module.css";
import { TextField } from "./TextField.tsx";

interface CodeFieldProps {
  readonly value: string;
  readonly onChange: (code: string) => void;
  /** Why what was handed in was refused. */
  readonly refused: string | null;
}

/** A field for the code from a text message. */
export function CodeField({ value, onChange, refused }: CodeFieldProps) {
  return (
    <div className={styles["code"]}>
      <TextField
        label={t("addresses.code")}
        value={value}
        onChange={onChange}
        autoComplete="one-time-code"
        isRequired
        validate={(code) => problemText("code", readCode(code))}
        problem={refused}
      />
    </div>
  );
}
