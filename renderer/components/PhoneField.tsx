import type { RefObject } from "react";
import { countries } from "../i18n/countries.ts";
import { t } from "../i18n/index.ts";
import { phoneInFull } from "../i18n/phoneNumbers.ts";
import styles from "./PhoneField.module.css";
import { SelectField, TextField } from "./TextField.tsx";

interface PhoneFieldProps {
  /** Two letters (ISO 3166). */
  readonly country: string;
  readonly onCountry: (country: string) => void;
  readonly number: string;
  readonly onNumber: (number: string) => void;
  readonly label?: string;
  readonly help?: string;
  readonly isRequired?: boolean;
  /** What is wrong with the number, or null. */
  readonly validate?: (number: string) => string | null;
  /** What is wrong besides, as what main has found. */
  readonly problem?: string | null | undefined;
  readonly inputRef?: RefObject<HTMLInputElement | null>;
}

/** A phone number, and the country that it is read in. What a server will read is shown below it. */
export function PhoneField({ country, onCountry, number, onNumber, label = t("phone.number"), ...rest }: PhoneFieldProps) {
  const inFull = phoneInFull(country, number);
  return (
    <>
      <div className={styles["phone"]}>
        <SelectField label={t("phone.country")} value={country} onChange={onCountry} options={countries()} />
        <TextField label={label} type="tel" value={number} onChange={onNumber} autoComplete="tel" {...rest} />
      </div>
      {number.trim() !== "" && <p role="status">{inFull === null ? t("phone.notInFull") : t("phone.inFull", { number: inFull })}</p>}
    </>
  );
}
