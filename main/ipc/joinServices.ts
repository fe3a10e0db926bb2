import { contract, type DomainName } from "../../shared/contract/index.ts";

type AnyMethod = (input: unknown) => unknown;
/** What has the methods of all. */
type All<S extends readonly object[]> = S extends readonly [infer First, ...infer Rest extends readonly object[]]
  ? First & All<Rest>
  : unknown;

/**
 * One object that answers the requests of a domain, where several services share them. Each request is answered by the
 * first that has a method of its name.
 *
 * @throws when none has
 */
export function joinServices<const S extends readonly object[]>(domainName: DomainName, ...services: S): All<S> {
  const joined = Object.keys(contract[domainName].requests).map((name) => {
    const service = services.find((one) => name in one) as Record<string, AnyMethod> | undefined;
    const method = service?.[name];
    if (method === undefined) throw new Error(`nothing answers ${domainName}.${name}`);
    return [name, method.bind(service)] as const;
  });
  return Object.fromEntries(joined) as All<S>;
}
