import type * as z from "zod";
import type { AppErrorKind } from "../errors.ts";

/** One thing the renderer can ask of main: what it sends, what it gets, and what it may end with instead. */
export interface RequestDefinition<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  E extends AppErrorKind = AppErrorKind,
> {
  readonly input: I;
  readonly output: O;
  /** The kinds of error, beside those of `ANY_REQUEST`. */
  readonly errors: readonly E[];
}

/** What belongs together: the requests of one domain, and the events main sends about it. */
export interface DomainDefinition {
  readonly requests: Readonly<Record<string, RequestDefinition>>;
  readonly events: Readonly<Record<string, z.ZodType>>;
}

/**
 * Defines a request. Objects in the output lose every field the schema does not name.
 *
 * @param errors what it may end with, beside `ANY_REQUEST`. Whatever else it ends with reaches the window as a defect, and
 *   tests fail.
 */
export function request<I extends z.ZodType, O extends z.ZodType, const E extends AppErrorKind>(
  input: I,
  output: O,
  errors: readonly E[],
): RequestDefinition<I, O, E> {
  return { input, output, errors };
}

/** Defines a domain; exists so that its exact type is inferred. */
export function domain<D extends DomainDefinition>(definition: D): D {
  return definition;
}
