import type { RefObject } from "react";
import { countries } from "../i18n/countries.ts";
import { t } from "../i18n/index.ts";
import styles from "./PhoneField.module.css";
import { SelectField, TextField } from "./TextField.tsx";

interface PhoneFieldProps {
  /** Two letters (ISO 3166). */
  readonly country: string;
  readonly onCountry: (country: string) => void;
  readonly number: string;
  readonly onNumber: (number: string) => void;
  readonly help?: string;
  readonly problem?: string | null | undefined;
  readonly inputRef?: RefObject<HTMLInputElement | null>;
}

/** A phone number, and the country that it is read in. */
export function PhoneField({ country, onCountry, number, onNumber, ...rest }: PhoneFieldProps) {
  return (
    <div className={styles["phone"]}>
      <SelectField label={t("phone.country")} value={country} onChange={onCountry} options={countries()} />
      <TextField label={t("phone.number")} type="tel" value={number} onChange={onNumber} autoComplete="tel" {...rest} />
    </div>
  );
}
