import { expect, it } from "vitest";
import type { MasApi, MasToken } from "../../../main/admin/mas/masApi.ts";
import { createMasToken } from "../../../main/admin/mas/masTokens.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { errorOf } from "../../support/errorOf.ts";

const wanted = { token: "welcome", usesAllowed: null, expiresAt: null };
const made: MasToken = { id: "01WELCOME", token: "welcome", usageLimit: null, timesUsed: 0, expiresAt: null, revoked: false };
const lost = { kind: "network", reason: "cut", host: "auth.one.test" } as const;

/** A service whose answer is lost, and that then says this when it is asked for its tokens. */
const afterLoss = (registrationTokens: () => Promise<MasToken[]>): Promise<void> =>
  createMasToken({ createRegistrationToken: () => Promise.reject(new AppFailure(lost)), registrationTokens } as unknown as MasApi, wanted);

it("looks for a token whose making was not answered, and says that it is not known where it cannot be looked for", async () => {
  await afterLoss(() => Promise.resolve([made]));
  expect(await errorOf(afterLoss(() => Promise.resolve([])))).toEqual(lost);
  expect(await errorOf(afterLoss(() => Promise.reject(fail("forbidden", { message: "" }))))).toEqual(lost);
});
