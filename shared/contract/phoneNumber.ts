import * as z from "zod";
import { readPhone } from "../fields.ts";
import { typed } from "./typed.ts";

/** A phone number as a person types it. */
export const PhoneNumber = z.object({
  /** Two capitals (ISO 3166): how a number is read that has no `+`. */
  country: z.string().regex(/^[A-Z]{2}$/),
  number: typed(readPhone),
});
export type PhoneNumber = z.output<typeof PhoneNumber>;
