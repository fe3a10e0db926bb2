import { Check } from "lucide-react";
import { useId, type ReactNode } from "react";
import { Checkbox as AriaCheckbox } from "react-aria-components/Checkbox";
import { Label } from "react-aria-components/Label";
import { Radio, RadioGroup } from "react-aria-components/RadioGroup";
import styles from "./Choice.module.css";
import { classNames } from "./classNames.ts";
import { useInvalid } from "./Form.tsx";

interface ChoiceProps<V extends string> {
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly value: V | null;
  readonly onChange: (value: V) => void;
  readonly options: readonly { readonly value: V; readonly text: string; readonly explanation?: string }[];
  /** "cards": one below the other, with an explanation each. "segments": side by side. */
  readonly look: "cards" | "segments";
  /** One has to be chosen before the form is handed in. A `FormProblem` says so. */
  readonly isRequired?: boolean;
}

/** One choice among a few. */
export function Choice<V extends string>({ label, hideLabel, value, onChange, options, look, isRequired = false }: ChoiceProps<V>) {
  const isInvalid = useInvalid(isRequired && value === null);
  return (
    <RadioGroup
      className={styles["group"] ?? ""}
      value={value}
      onChange={(chosen) => onChange(chosen as V)}
      isRequired={isRequired}
      isInvalid={isInvalid}
    >
      <Label className={hideLabel ? "visuallyHidden" : (styles["label"] ?? "")}>{label}</Label>
      <div className={styles[look]}>
        {options.map((option) => (
          <Radio key={option.value} value={option.value} className={styles[look === "cards" ? "card" : "segment"] ?? ""}>
            {look === "cards" && <span className={styles["dot"]} aria-hidden />}
            <span className={styles["words"]}>
              <span className={styles["text"]}>{option.text}</span>
              {option.explanation && <span className={styles["explanation"]}>{option.explanation}</span>}
            </span>
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}

interface CheckboxProps {
  readonly children: ReactNode;
  /** What it means, below. */
  readonly explanation?: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  /** It has to be ticked before the form is handed in. A `FormProblem` says so. */
  readonly isRequired?: boolean;
}

/** A box to tick, with its sentence. */
export function Checkbox({ children, explanation, value, onChange, isRequired = false }: CheckboxProps) {
  const explanationId = useId();
  const isInvalid = useInvalid(isRequired && !value);
  const box = (
    <AriaCheckbox
      className={styles["checkbox"] ?? ""}
      isSelected={value}
      onChange={onChange}
      isRequired={isRequired}
      isInvalid={isInvalid}
      {...(explanation !== undefined && { "aria-describedby": explanationId })}
    >
      <span className={classNames(styles["box"], value && styles["ticked"])} aria-hidden>
        {value && <Check size={13} strokeWidth={3} />}
      </span>
      <span>{children}</span>
    </AriaCheckbox>
  );
  if (explanation === undefined) return box;
  return (
    <div className={styles["explained"]}>
      {box}
      <p id={explanationId} className={styles["explanation"]}>
        {explanation}
      </p>
    </div>
  );
}
