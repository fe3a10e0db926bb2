import type { Verifier, VerificationRequest, ShowSasCallbacks } from "matrix-js-sdk/lib/crypto-api/verification.js";
import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api/CryptoEvent.js";
import type { SdkSession } from "./sdkSession.ts";
import { waitUntil } from "./waitUntil.ts";

/** What the other person does, in the second client, when two sessions verify each other. */
export class VerificationPartner {
  readonly session: SdkSession;
  /** Requests that have come in, newest last. */
  readonly received: VerificationRequest[] = [];

  constructor(session: SdkSession) {
    this.session = session;
    session.client.on(CryptoEvent.VerificationRequestReceived, (request) => void this.received.push(request));
  }

  /** Waits for a request that can be answered. */
  incoming(): Promise<VerificationRequest> {
    return waitUntil(() => this.received.findLast((request) => phaseOf(request) === "requested"), {
      what: "a request at the second client",
    });
  }

  /** Asks one session of the account, as soon as it is known here. */
  async ask(deviceId: string): Promise<VerificationRequest> {
    await this.knows(deviceId);
    return await this.session.crypto.requestDeviceVerification(this.session.tokens.userId, deviceId);
  }

  /** Waits until another session of the account, with its keys, is known here. */
  async knows(deviceId: string): Promise<void> {
    const { crypto, tokens } = this.session;
    await waitUntil(
      async () => {
        // Of the SDK's ways to look at own devices, this one alone makes a key query and waits for its answer.
        await crypto.userHasCrossSigningKeys(tokens.userId, true);
        return (await crypto.getUserDeviceInfo([tokens.userId])).get(tokens.userId)?.has(deviceId);
      },
      { what: `${deviceId} to be known at the second client` },
    );
  }

  /** Waits until a request is in a phase. */
  async reaches(request: VerificationRequest, phase: PartnerPhase): Promise<void> {
    await waitUntil(() => phaseOf(request) === phase, { what: `${phase} at the second client`, timeoutMs: 30_000 });
  }

  /** Waits for the strings to compare, having said yes to the way. */
  async sas(request: VerificationRequest): Promise<ShowSasCallbacks> {
    const verifier = await waitUntil(() => request.verifier, { what: "a verifier at the second client" });
    agree(verifier);
    return await waitUntil(() => verifier.getShowSasCallbacks(), { what: "emoji at the second client" });
  }
}

/** Says yes to a way; that it may end in a cancel is the test's business, and read off the request. */
export function agree(verifier: Verifier): void {
  verifier.verify().catch(() => undefined);
}

const PHASES = { 1: "unsent", 2: "requested", 3: "ready", 4: "started", 5: "cancelled", 6: "done" } as const;
export type PartnerPhase = (typeof PHASES)[keyof typeof PHASES];

/** The phase of a request, in a word. */
export function phaseOf(request: VerificationRequest): PartnerPhase {
  return PHASES[request.phase as number as keyof typeof PHASES];
}
