import { Eye, EyeOff } from "lucide-react";
import { useState, type ReactNode, type RefObject } from "react";
import { Button as AriaButton } from "react-aria-components/Button";
import { FieldError } from "react-aria-components/FieldError";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { Text } from "react-aria-components/Text";
import { TextArea } from "react-aria-components/TextArea";
import { TextField as AriaTextField, type TextFieldProps as AriaTextFieldProps } from "react-aria-components/TextField";
import { t } from "../i18n/index.ts";
import { classNames } from "./classNames.ts";
import { useInvalid } from "./Form.tsx";
import styles from "./TextField.module.css";

interface FieldProps extends Omit<AriaTextFieldProps, "children" | "className" | "style" | "type" | "validate" | "value"> {
  readonly label: string;
  readonly help?: string | undefined;
  readonly value: string;
  /**
   * What is wrong with the value, or null; the field is marked and the sentence read with it. It keeps the form from being handed in, and
   * is said once that was tried.
   */
  readonly validate?: ((value: string) => string | null) | undefined;
  /** Says what `validate` answers as soon as something is typed. */
  readonly eager?: boolean;
  /** What is wrong with the value besides, as what main has found; said at once. */
  readonly problem?: string | null | undefined;
  readonly placeholder?: string;
  readonly hideLabel?: boolean;
  readonly inputRef?: RefObject<HTMLInputElement | null>;
}

interface TextFieldProps extends FieldProps {
  readonly type?: "text" | "email" | "tel" | "search";
  /** Several lines in a fixed-width font, for keys. */
  readonly keyArea?: boolean;
  /** Several lines of plain text. */
  readonly area?: boolean;
  readonly icon?: ReactNode;
}

/** A labelled field for one line of text, or with `keyArea` for a key. */
export function TextField({ label, help, placeholder, hideLabel, inputRef, type, keyArea, area, icon, ...checked }: TextFieldProps) {
  const { problem, ...rest } = useCheckedValue(checked);
  return (
    <AriaTextField {...rest} type={type ?? "text"} isInvalid={Boolean(problem)} className={styles["field"] ?? ""}>
      <Label className={hideLabel ? "visuallyHidden" : (styles["label"] ?? "")}>{label}</Label>
      <div className={styles["frame"]}>
        {icon}
        {keyArea || area ? (
          <TextArea
            className={classNames(styles["input"], keyArea && styles["keyArea"])}
            rows={keyArea ? 3 : 5}
            spellCheck={area ?? false}
          />
        ) : (
          <Input
            className={styles["input"] ?? ""}
            {...(placeholder === undefined ? {} : { placeholder })}
            {...(inputRef ? { ref: inputRef } : {})}
            spellCheck={false}
          />
        )}
      </div>
      <Below help={help} problem={problem} />
    </AriaTextField>
  );
}

/** A field for a password, a passphrase or a Security Key, with a button that shows what was typed. */
export function PasswordField({ label, help, hideLabel, inputRef, ...checked }: FieldProps) {
  const { problem, ...rest } = useCheckedValue(checked);
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <AriaTextField {...rest} type={shown ? "text" : "password"} isInvalid={Boolean(problem)} className={styles["field"] ?? ""}>
      <Label className={hideLabel ? "visuallyHidden" : (styles["label"] ?? "")}>{label}</Label>
      <div className={styles["frame"]}>
        <Input className={styles["input"] ?? ""} spellCheck={false} {...(inputRef ? { ref: inputRef } : {})} />
        <AriaButton
          className={styles["reveal"] ?? ""}
          slot={null}
          aria-label={t(shown ? "common.hideNamed" : "common.showNamed", { field: label })}
          onPress={() => setShown(!shown)}
        >
          <Icon size={16} aria-hidden />
        </AriaButton>
      </div>
      <Below help={help} problem={problem} />
    </AriaTextField>
  );
}

/** The properties of a field, with what is to be said of its value now. */
function useCheckedValue<P extends Pick<FieldProps, "value" | "validate" | "eager" | "problem">>({
  validate,
  eager = false,
  problem,
  ...rest
}: P) {
  const own = validate?.(rest.value) ?? null;
  const isSaid = useInvalid(own !== null) || (eager && rest.value !== "");
  return { ...rest, problem: isSaid && own !== null ? own : problem };
}

function Below({ help, problem }: Pick<FieldProps, "help" | "problem">) {
  return (
    <>
      {help && (
        <Text slot="description" className={styles["help"] ?? ""}>
          {help}
        </Text>
      )}
      <FieldError className={styles["problem"] ?? ""}>{problem}</FieldError>
    </>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly { readonly value: string; readonly text: string }[];
}

/** A labelled choice among many, as the system's own list: it can be searched by typing and needs no code of ours. */
export function SelectField({ label, value, onChange, options }: SelectFieldProps) {
  return (
    <label className={styles["field"]}>
      <span className={styles["label"]}>{label}</span>
      <span className={styles["frame"]}>
        <select className={styles["input"]} value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.text}
            </option>
          ))}
        </select>
      </span>
    </label>
  );
}
