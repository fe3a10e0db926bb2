import { useState } from "react";
import type { PhoneNumber } from "../../shared/contract/phoneNumber.ts";
import { type FieldProblem, readPhone } from "../../shared/fields.ts";
import { likelyCountry } from "../i18n/countries.ts";
import { phoneInFull } from "../i18n/phoneNumbers.ts";

/** A phone number that is being typed. */
export interface Phone {
  readonly country: string;
  readonly setCountry: (country: string) => void;
  readonly number: string;
  readonly setNumber: (number: string) => void;
  readonly problem: FieldProblem | undefined;
  /** What is sent: exactly what is shown, wherever it can be shown. */
  readonly value: PhoneNumber;
}

/** Keeps a phone number that is being typed. @param start what is in the fields at first */
export function usePhone(start: PhoneNumber | null = null): Phone {
  const [country, setCountry] = useState(start?.country ?? likelyCountry);
  const [number, setNumber] = useState(start?.number ?? "");
  const value = { country, number: phoneInFull(country, number) ?? number };
  return { country, setCountry, number, setNumber, problem: readPhone(number).problem, value };
}
