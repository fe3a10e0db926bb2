import { expect, it } from "vitest";
import { shutDown } from "../../main/shutdown.ts";

it("signs sessions out without waiting for a Job that does not end, and whatever fails", async () => {
  const order: string[] = [];
  let end: () => void = () => undefined;
  const jobs = {
    stopAll: () => {
      order.push("jobs told");
      return new Promise<void>((resolve) => (end = resolve));
    },
  };
  const sessions = {
    stopAll: async () => {
      await Promise.resolve();
      order.push("signed out");
      throw new Error("closing failed");
    },
  };
  const nothing = { stopAll: () => Promise.resolve() };
  const recoveries = { stopAll: () => undefined };
  const shut = shutDown({
    jobs,
    rowJobs: nothing,
    browserSignIns: nothing,
    registration: nothing,
    recoveries,
    sessions,
    revocations: nothing,
    replacedSessions: nothing,
    newSessions: nothing,
    activityLog: nothing,
  }).then(() => order.push("shut down"));
  await new Promise(setImmediate);
  expect(order).toEqual(["jobs told", "signed out"]);
  end();
  await shut;
  expect(order).toEqual(["jobs told", "signed out", "shut down"]);
});
