import { expect, it } from "vitest";
import { OffboardingDraft, offboarding } from "../../../shared/contract/offboarding.ts";
import { MAX_OFFBOARDED } from "../../../shared/personSearch.ts";

it("lets one person be off-boarded on as many servers as accounts can be chosen", () => {
  const accountIdOf = (at: number): string => String(at).padStart(16, "a");
  const each = Array.from({ length: MAX_OFFBOARDED }, (_, at) => accountIdOf(at));
  const users = each.map((accountId, at) => ({ accountId, userId: `@jane:${at}.test` }));
  expect(offboarding.requests.prepare.input.safeParse({ action: "lock", users }).error).toBeUndefined();
  const servers = each.map((accountId, at) => ({ accountId, serverName: `${at}.test`, status: "ready", error: null, rows: [], ready: 0 }));
  expect(OffboardingDraft.safeParse({ draftId: "aaaaaaaaaaaaaaaa", action: "lock", servers }).error).toBeUndefined();
});
