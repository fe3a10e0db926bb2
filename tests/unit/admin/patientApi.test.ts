import { expect, it } from "vitest";
import type { AdminApi } from "../../../main/admin/adminApi.ts";
import { PatientApi } from "../../../main/admin/bulk/patientApi.ts";
import { Pace } from "../../../main/jobs/pace.ts";
import { type AppError, AppFailure } from "../../../shared/errors.ts";

const withoutToken: AppError[] = [{ kind: "sign_in_service_unreachable", host: "auth.one.test" }, { kind: "account_refused_for_now" }];

it.each(withoutToken)("waits while there is no token to send anything with: $kind", async (error) => {
  const waited: unknown[] = [];
  let left = 3;
  const api = {
    userId: "@boss:one.test",
    until: () => api,
    request: () => ((left -= 1) > 0 ? Promise.reject(new AppFailure(error)) : Promise.resolve({})),
  } as unknown as AdminApi;
  const patient = new PatientApi({
    api,
    pace: new Pace({ start: 1, most: 1 }),
    signal: new AbortController().signal,
    waiting: (reason) => waited.push(reason),
    firstWaitMs: 1,
  });
  expect(await patient.write((admin) => admin.request({ path: [], schema: undefined as never }))).toEqual({ kind: "answered", value: {} });
  expect(waited).toContain("server");
});
