import type * as z from "zod";

/** One thing the renderer can ask of main: what it sends and what it gets. */
export interface RequestDefinition<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly input: I;
  readonly output: O;
}

/** What belongs together: the requests of one domain, and the events main sends about it. */
export interface DomainDefinition {
  readonly requests: Readonly<Record<string, RequestDefinition>>;
  readonly events: Readonly<Record<string, z.ZodType>>;
}

/** Defines a request. Objects in the output lose every field the schema does not name. */
export function request<I extends z.ZodType, O extends z.ZodType>(input: I, output: O): RequestDefinition<I, O> {
  return { input, output };
}

/** Defines a domain; exists so that its exact type is inferred. */
export function domain<D extends DomainDefinition>(definition: D): D {
  return definition;
}
