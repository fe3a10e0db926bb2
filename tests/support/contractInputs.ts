import fc from "fast-check";
import { type z } from "zod";
import type { RequestDefinition } from "../../shared/contract/defineDomain.ts";
import { contract } from "../../shared/contract/index.ts";

/** A request of the contract by its channel name. */
export interface Channel {
  name: string;
  definition: RequestDefinition;
}

/** Every request of the contract. */
export const channels: readonly Channel[] = Object.entries(contract).flatMap(([domainName, { requests }]) =>
  Object.entries<RequestDefinition>(requests).map(([name, definition]) => ({
    name: `${domainName}.${name}`,
    definition,
  })),
);

const nastyStrings = fc.constantFrom(
  "",
  "\0",
  "../../etc/passwd",
  "__proto__",
  "constructor",
  "\ud800",
  "a".repeat(20_000),
  "https://user:pass@host/",
  "javascript:alert(1)",
  "<img src=x onerror=alert(1)>",
  "@a:b",
  "0123456789abcdef",
);

/** Values of all kinds that can cross from the renderer, most of them wrong wherever they are put. */
export const anyCloneable: fc.Arbitrary<unknown> = fc.oneof(
  nastyStrings,
  fc.anything({ withBigInt: true, withDate: true, withNullPrototype: false, withTypedArray: true, maxDepth: 3 }),
  fc.constantFrom<unknown>(undefined, null, NaN, Infinity, -0, 1e308, [], {}, true, new Uint8Array(3), new Date(NaN)),
);

const generators: Record<string, (schema: z.core.$ZodTypes) => fc.Arbitrary<unknown>> = {
  object: (schema) => {
    const { shape } = (schema as z.core.$ZodObject)._zod.def;
    return fc.record(Object.fromEntries(Object.entries(shape).map(([key, field]) => [key, resembling(field as z.ZodType)])));
  },
  union: (schema) => fc.oneof(...(schema as z.core.$ZodUnion)._zod.def.options.map((option) => resembling(option as z.ZodType))),
  optional: (schema) => fc.option(inner(schema), { nil: undefined }),
  nullable: (schema) => fc.option(inner(schema)),
  default: (schema) => inner(schema),
  pipe: (schema) => resembling((schema as z.core.$ZodPipe)._zod.def.in as z.ZodType),
  array: (schema) => fc.array(resembling((schema as z.core.$ZodArray)._zod.def.element as z.ZodType), { maxLength: 4 }),
  enum: (schema) => fc.constantFrom(...Object.values((schema as z.core.$ZodEnum)._zod.def.entries)),
  literal: (schema) => fc.constantFrom(...(schema as z.core.$ZodLiteral)._zod.def.values),
  boolean: () => fc.boolean(),
  number: () => fc.oneof(fc.integer(), fc.double()),
  string: () =>
    fc.oneof(
      fc.string({ maxLength: 20 }),
      nastyStrings,
      fc.constantFrom("abcdefghijklmnop", "http://127.0.0.1:1", "https://127.0.0.1:1/x", "DE", "a@b.example"),
    ),
  custom: () => fc.uint8Array({ maxLength: 20 }).map((bytes) => Uint8Array.from(bytes)),
};

function inner(schema: z.core.$ZodTypes): fc.Arbitrary<unknown> {
  return resembling((schema as z.core.$ZodOptional)._zod.def.innerType as z.ZodType);
}

/** Values with the schema's shape, so that deeper checks are reached; rules about content may be broken. */
function resembling(schema: z.ZodType): fc.Arbitrary<unknown> {
  const { type } = schema._zod.def;
  const generator = generators[type];
  if (!generator) throw new Error(`contractInputs.ts does not know schemas of type ${type} yet`);
  return generator(schema as unknown as z.core.$ZodTypes);
}

/** Breaks an object in one place: a field gone, of another type, or one too many. */
function broken(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return anyCloneable;
  const fields = value as Record<string, unknown>;
  return fc.record({ key: fc.constantFrom(...Object.keys(fields)), how: fc.nat(3), other: anyCloneable }).map(({ key, how, other }) => {
    if (how === 0) return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
    if (how === 1) return { ...fields, [key]: other };
    if (how === 2) return { ...fields, accessToken: "syt_smuggled", extra: other };
    return [fields];
  });
}

/** Inputs for one request: of its shape, of its shape but broken, and anything at all. */
export function inputsFor({ definition }: Channel): fc.Arbitrary<unknown> {
  const shaped = resembling(definition.input);
  return fc.oneof(shaped, shaped.chain(broken), anyCloneable);
}

/** One call to any request of the contract. */
export const anyCall: fc.Arbitrary<{ name: string; input: unknown }> = fc
  .constantFrom(...channels)
  .chain((channel) => inputsFor(channel).map((input) => ({ name: channel.name, input })));

/** The definition of a request by its channel name. */
export function definitionOf(name: string): RequestDefinition {
  const channel = channels.find((one) => one.name === name);
  if (!channel) throw new Error(`the contract has no ${name}`);
  return channel.definition;
}

/** What must never be in an answer: a stack trace, a path of our code, a token. */
export const LEAK = /\n\s+at |\bat [\w.<>]+ \(|node:internal|\.cjs[:"]|\.ts:\d|file:\/\/\/|node_modules|syt_smuggled/;
