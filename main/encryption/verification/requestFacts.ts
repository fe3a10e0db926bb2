import type { ShowSasCallbacks, VerificationRequest } from "matrix-js-sdk/lib/crypto-api/verification.js";
import type { Verification, VerificationCancelled, VerificationEnd, VerificationIn } from "../../../shared/contract/verifications.ts";
import { numberedEmoji } from "./sasEmoji.ts";

/** The SDK's `VerificationPhase` by number: its values cannot be imported without loading the SDK. */
const PHASES = { 1: "unsent", 2: "requested", 3: "ready", 4: "started", 5: "cancelled", 6: "done" } as const;

/** How a request of the SDK stands at one moment. */
export interface RequestFacts {
  phase: (typeof PHASES)[keyof typeof PHASES];
  /** Why it was cancelled, as the protocol says it. */
  code: string | null;
  /** Whether it was cancelled on this side: by the person, or by the crypto machine on its own. */
  cancelledHere: boolean;
  otherDeviceId: string | null;
  theirs: { sas: boolean; scan: boolean; reciprocate: boolean };
  /** The strings to compare, once they are known. */
  sas: ShowSasCallbacks["sas"] | null;
  /** The other session has scanned our code. */
  scanned: boolean;
}

/** Reads a request. */
export function factsOf(request: VerificationRequest): RequestFacts {
  const phase = PHASES[request.phase as number as keyof typeof PHASES];
  const verifier = phase === "started" ? request.verifier : undefined;
  return {
    phase,
    code: request.cancellationCode,
    cancelledHere: isCancelledHere(request),
    otherDeviceId: request.otherDeviceId ?? null,
    theirs: {
      sas: request.otherPartySupportsMethod("m.sas.v1"),
      scan: request.otherPartySupportsMethod("m.qr_code.scan.v1"),
      reciprocate: request.otherPartySupportsMethod("m.reciprocate.v1"),
    },
    sas: verifier?.getShowSasCallbacks()?.sas ?? null,
    scanned: (verifier?.getReciprocateQrCodeCallbacks() ?? null) !== null,
  };
}

/**
 * The SDK tells who cancelled by the user's id alone, which is the same on both sides here. What it wraps knows better.
 */
function isCancelledHere(request: VerificationRequest): boolean {
  const { inner } = request as unknown as { inner: { cancelInfo?: { cancelledbyUs(): boolean; free(): void } } };
  const info = inner.cancelInfo;
  const here = info?.cancelledbyUs() ?? false;
  info?.free();
  return here;
}

type Bare<P> = P extends Verification["phase"] ? { phase: P } : never;
/** What of the contract's state follows from the request alone. */
export type DescribedRequest =
  Bare<Exclude<Verification["phase"], "comparing" | "done">> | Pick<VerificationIn<"comparing">, "phase" | "emoji" | "decimals">;

/** @param answered whether the person has already said that both sides show the same */
export function describeRequest(facts: RequestFacts, answered: boolean): DescribedRequest {
  switch (facts.phase) {
    case "unsent":
    case "requested":
      return { phase: "requested" };
    case "ready":
      return { phase: "ready" };
    case "cancelled":
      return { phase: "cancelled" };
    case "done":
      return { phase: "checking" };
    case "started": {
      if (answered) return { phase: "waiting_for_other" };
      if (facts.scanned) return { phase: "qr_scanned" };
      // Every client takes part in the numbers (Client-Server API, "SAS method: decimal").
      const { decimal: decimals, emoji = [] } = facts.sas ?? {};
      if (!decimals) return { phase: "waiting_for_other" };
      return { phase: "comparing", emoji: numberedEmoji(emoji.map(([symbol]) => symbol)), decimals };
    }
  }
}

/** What is known of an end beside the protocol's code. */
export interface EndCircumstances {
  /** What was done here, when it was done here. */
  here: VerificationEnd | null;
  /** Whether nobody had answered yet, when we were the ones who asked. */
  unanswered: boolean;
}

/**
 * Whether the crypto machine itself has ended a request, which it does with two at once for one account: with the one
 * that is under way as well as with the one that comes in.
 */
export function isCollision({ phase, code, cancelledHere }: RequestFacts): boolean {
  return phase === "cancelled" && cancelledHere && code === "m.user";
}

const REASONS: Record<string, { reason: VerificationEnd; by: "them" | "nobody" }> = {
  "m.user": { reason: "cancelled", by: "them" },
  "m.timeout": { reason: "timed_out", by: "nobody" },
  "m.accepted": { reason: "answered_elsewhere", by: "nobody" },
  "m.mismatched_sas": { reason: "mismatch", by: "them" },
  "m.key_mismatch": { reason: "key_mismatch", by: "nobody" },
  "m.mismatched_commitment": { reason: "key_mismatch", by: "nobody" },
  "m.unknown_method": { reason: "no_common_way", by: "nobody" },
};

const NOT_OUR_DOING: ReadonlySet<VerificationEnd> = new Set(["timed_out", "other_gone", "both_asked", "no_common_way"]);

/** Why a verification ended, for the person. `code` is what the protocol says, unchecked. */
export function describeEnd(code: string | null, { here, unanswered }: EndCircumstances): VerificationCancelled {
  const shortCode = (code ?? "").slice(0, 64);
  if (here !== null) return { by: NOT_OUR_DOING.has(here) ? "nobody" : "us", reason: here, code: shortCode };
  const known = Object.hasOwn(REASONS, shortCode) ? REASONS[shortCode] : undefined;
  if (!known) return { by: "them", reason: "other", code: shortCode };
  const declined = known.reason === "cancelled" && unanswered;
  return { ...known, reason: declined ? "declined" : known.reason, code: shortCode };
}
