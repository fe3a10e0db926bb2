import { webcrypto } from "node:crypto";

/**
 * What Node 18 lacks and the libraries of the main process use. Imported before everything else; on a newer Node it
 * changes nothing. Everything here follows the definition in the ECMAScript or URL standard.
 */

interface Resolvers<T> {
  promise: Promise<T>;
  resolve: (value: T | PromiseLike<T>) => void;
  reject: (reason?: unknown) => void;
}

function define(target: object, name: string, value: unknown): void {
  if (name in target) return;
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
}

/** Fills in what is missing on the given globals; separate from the import so that it can be shown on bare objects. */
export function fillIn(globals: { scope: object; promise: object; url: object }): void {
  define(globals.scope, "crypto", webcrypto);
  define(globals.promise, "withResolvers", function withResolvers<T>(this: PromiseConstructor): Resolvers<T> {
    let resolve!: Resolvers<T>["resolve"];
    let reject!: Resolvers<T>["reject"];
    const promise = new this<T>((onFulfilled, onRejected) => {
      resolve = onFulfilled;
      reject = onRejected;
    });
    return { promise, resolve, reject };
  });
  define(globals.url, "canParse", (url: string | URL, base?: string | URL): boolean => {
    try {
      return Boolean(new URL(url, base));
    } catch {
      return false;
    }
  });
}

fillIn({ scope: globalThis, promise: Promise, url: URL });
