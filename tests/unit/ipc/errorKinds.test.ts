import { expect, test } from "vitest";
import { watchErrors } from "../../support/declaredErrors.ts";
import type { Services } from "../../../main/services.ts";
import { type Contract, contract, type ErrorKindOf } from "../../../shared/contract/index.ts";
import type { RequestDefinition } from "../../../shared/contract/defineDomain.ts";
import { AppError, type AppErrorKind, fail } from "../../../shared/errors.ts";
import { ConversationId } from "../../../shared/ids.ts";
import type { Action } from "../../../renderer/components/useAction.ts";

/** Every domain of the contract, answered by one object of its own. */
function servicesThat(answer: (channel: string) => unknown): Services {
  const domains = Object.entries(contract).map(([domainName, { requests }]) => {
    const methods = Object.keys(requests).map((name) => [name, () => answer(`${domainName}.${name}`)]);
    return [domainName, Object.fromEntries(methods)];
  });
  const all = Object.fromEntries(domains) as Record<string, unknown>;
  return {
    ...all,
    recoveries: all["recovery"],
    identityServers: all["identityServer"],
    allJobs: all["jobs"],
    activityLog: all["activity"],
    loggedActions: all["actionLog"],
  } as unknown as Services;
}

test("the kinds that a request names are kinds that there are, each once", () => {
  const kinds = new Set<string>(AppError.unwrap().options.map(({ shape }) => shape.kind.value));
  for (const [domainName, { requests }] of Object.entries(contract)) {
    for (const [name, { errors }] of Object.entries<RequestDefinition>(requests)) {
      expect(
        errors.filter((kind, at) => !kinds.has(kind) || errors.indexOf(kind) !== at),
        `${domainName}.${name}`,
      ).toEqual([]);
    }
  }
});

test("a request that ends with another kind than it names is told of, whether it throws or rejects, and ends the same", async () => {
  let end: () => unknown = () => ({ jobs: [] });
  const services = servicesThat(() => end());
  const told: string[] = [];
  watchErrors(services, (what) => told.push(what));
  const jobId = ConversationId.parse("0011223344556677");
  expect(services.allJobs.list()).toEqual({ jobs: [] });

  end = () => Promise.reject(fail("conversation_over"));
  await expect(services.allJobs.cancel({ jobId })).rejects.toThrow("conversation_over");
  end = () => Promise.reject(fail("internal", { ref: "x" }));
  await expect(services.allJobs.cancel({ jobId })).rejects.toThrow("internal");
  end = () => Promise.reject(new Error("a defect"));
  await expect(services.allJobs.cancel({ jobId })).rejects.toThrow("a defect");
  expect(told).toEqual([]);

  end = () => Promise.reject(fail("weak_phrase"));
  await expect(services.allJobs.cancel({ jobId })).rejects.toThrow("weak_phrase");
  end = () => {
    throw fail("nothing_to_do");
  };
  expect(() => services.allJobs.list()).toThrow("nothing_to_do");
  expect(told).toEqual(["jobs.cancel: weak_phrase", "jobs.list: nothing_to_do"]);
});

test("a request that no service answers can't be watched, and that is said", () => {
  const services = servicesThat(() => ({}));
  delete (services.allJobs as Partial<Services["allJobs"]>).cancel;
  expect(() => watchErrors(services, () => undefined)).toThrow("jobs.cancel");
});

test("what an action may fail with is narrowed to what its request names", () => {
  type Cancel = ErrorKindOf<Contract["jobs"]["requests"]["cancel"]>;
  const named: Cancel[] = ["conversation_over", "file_failed", "internal", "app_locked"];
  // @ts-expect-error It is not among them.
  const other: Cancel = "weak_phrase";
  const narrow = (action: Action<[], object, Cancel>): boolean => {
    // @ts-expect-error What can never be is not asked.
    return action.error?.kind === "weak_phrase";
  };
  const any: AppErrorKind = other;
  expect([named.length, any, narrow.length]).toEqual([4, "weak_phrase", 1]);
});
