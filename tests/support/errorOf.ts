import { expect } from "vitest";
import { AppFailure } from "../../shared/errors.ts";

/** What a promise rejects with, as the renderer would be told. Fails when it does not reject, and for defects. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const thrown: unknown = await promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );
  if (thrown instanceof AppFailure) return thrown.error;
  throw thrown;
}
