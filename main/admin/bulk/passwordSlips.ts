import type { Password } from "../../../shared/secret.ts";
import type { JobInput } from "../../jobs/jobInput.ts";
import type { JobRecord } from "../../jobs/jobJournal.ts";
import { PasswordRow } from "./kinds/userRow.ts";

/** A portion of the passwords that a Job made, to be handed out one by one. */
export interface PasswordSlips {
  slips: { userId: string; password: Password }[];
  /** How many there are in all. */
  total: number;
  /** How many more may be set, as nobody knows what came of their rows. */
  unsure: number;
}

/**
 * The passwords that were made and are certain to be in use: a slip with one that may not be set would send somebody away with
 * a password that doesn't work. Only the rows of the portion are opened.
 *
 * @param from how many of them come before the portion
 * @param limit how many of them it holds at most
 * @throws `job_damaged`
 */
export function passwordSlips(record: JobRecord, input: Pick<JobInput, "row">, from: number, limit: number): PasswordSlips {
  const made = [...record.rowsEnded].filter(([, { madePassword }]) => madePassword);
  const certain = made
    .filter(([, { outcome }]) => outcome !== "unknown")
    .map(([row]) => row)
    .sort((a, b) => a - b);
  const slips = certain.slice(from, from + limit).map((at) => {
    const { userId, password } = PasswordRow.parse(input.row(at));
    return { userId, password };
  });
  return { slips, total: certain.length, unsure: made.length - certain.length };
}
