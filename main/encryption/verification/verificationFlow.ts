import type { Device } from "matrix-js-sdk";
import type { VerificationRequest, VerificationRequestEvent, Verifier } from "matrix-js-sdk/lib/crypto-api/verification.js";
import type {
  Verification,
  VerificationCancelled,
  VerificationCheck,
  VerificationEnd,
  VerificationIn,
} from "../../../shared/contract/verifications.ts";
import { fail } from "../../../shared/errors.ts";
import type { Logger } from "../../logging/logger.ts";
import { newId } from "../../storage/newId.ts";
import type { VerificationLimits } from "./limits.ts";
import { qrModules } from "./qrModules.ts";
import { describeEnd, describeRequest, factsOf, isCollision, type RequestFacts } from "./requestFacts.ts";
import { nameOfDevice } from "./sdkRequests.ts";

export interface ConversationParts {
  limits: VerificationLimits;
  logger: Logger;
  onChange: (state: Verification) => void;
  /** The other session as this one knows it; undefined when it does not, or not yet. */
  findOther: (deviceId: string) => Promise<Device | undefined>;
  /** Two requests at once have ended each other: shall ours be made again? Answers whether it is seen to. */
  onCollision: () => boolean;
  /** Both sides have agreed: looks at what came of it, and tells of it as it goes. */
  settle: (otherDeviceId: string, onChecks: (checks: VerificationCheck[]) => void) => Promise<VerificationCheck[]>;
}

export type Opening = Pick<Verification, "accountId" | "incoming" | "subject" | "deviceId">;

const ENDED = new Set<Verification["phase"]>(["cancelled", "done"]);

type WithoutCommon<V> = V extends Verification ? Omit<V, "verificationId" | "accountId" | "deviceName" | "incoming" | "subject"> : never;
/** A phase with what belongs to it, beside what is there in all of them. */
type Phase = WithoutCommon<Verification>;

/**
 * One verification as the person sees it. It follows a request of the SDK, and may go over to another one when two at
 * once have ended each other.
 */
export class VerificationConversation {
  readonly #parts: ConversationParts;
  #state: Verification;
  /** The other session; null while any may answer. */
  #deviceId: string | null;
  #deviceName: string | null = null;
  /** Milliseconds since 1970. */
  #expiresAt: number;
  #request: VerificationRequest | null = null;
  #driven = new WeakSet<Verifier>();
  /** The person has said that both sides show the same. */
  #answered = false;
  #hasSeenOther = false;
  #timer: NodeJS.Timeout | undefined;
  #updates: Promise<void> = Promise.resolve();

  constructor(opening: Opening, parts: ConversationParts) {
    this.#parts = parts;
    this.#deviceId = opening.deviceId;
    this.#expiresAt = Date.now() + parts.limits.request;
    this.#state = { ...opening, deviceName: null, verificationId: newId(), phase: "requested", expiresAt: this.#expiresAt };
  }

  get state(): Verification {
    return this.#state;
  }

  get hasEnded(): boolean {
    return ENDED.has(this.#state.phase);
  }

  /** Whether the person has to wait for an answer, or to give one. */
  get isUnanswered(): boolean {
    return this.#state.phase === "requested";
  }

  /** Whether there is a request; there is none while it waits to ask again. */
  get isFollowing(): boolean {
    return this.#request !== null;
  }

  /** Whether the other session has been among those that this one knows. */
  get hasSeenOther(): boolean {
    return this.#hasSeenOther;
  }

  /** The other session is among those that this one knows, by this name. */
  seeOther(deviceName: string | null): void {
    this.#hasSeenOther = true;
    if (deviceName === this.#deviceName) return;
    this.#deviceName = deviceName;
    this.#set({ ...this.#state, deviceName });
  }

  /** Follows a request from now on, in place of the one before; resolves when its state is known. */
  follow(request: VerificationRequest): Promise<void> {
    this.#request?.off("change" as VerificationRequestEvent.Change, this.#onChange);
    this.#request = request;
    request.on("change" as VerificationRequestEvent.Change, this.#onChange);
    this.#setExpiry("requested");
    return this.#changed();
  }

  /** Sets when an unanswered one ends by itself, while there is no request to follow. */
  waitFor(milliseconds: number): void {
    this.#expireIn(milliseconds);
  }

  /** Throws `conversation_over` unless an incoming request waits for the person; and what sending throws. */
  async accept(): Promise<void> {
    await this.#requestIn("requested").accept();
  }

  /** Throws `conversation_over` when there is nothing to choose; and what sending throws. */
  async chooseSas(): Promise<void> {
    const request = this.#requestIn("ready");
    if (this.#state.phase !== "ready" || !this.#state.sas) throw fail("conversation_over");
    await request.startVerification("m.sas.v1");
    await this.#changed();
  }

  /** Throws `conversation_over` when nothing is compared; and what sending throws. */
  async confirmMatch(): Promise<void> {
    const callbacks = this.#requestIn("comparing").verifier?.getShowSasCallbacks();
    await this.#answer(() => callbacks?.confirm());
  }

  /** Throws `conversation_over` when no code was scanned; and what sending throws. */
  async confirmScanned(): Promise<void> {
    const callbacks = this.#requestIn("qr_scanned").verifier?.getReciprocateQrCodeCallbacks();
    await this.#answer(() => callbacks?.confirm());
  }

  async #answer(confirm: () => unknown): Promise<void> {
    this.#answered = true;
    try {
      await confirm();
    } catch (thrown) {
      this.#answered = false;
      throw thrown;
    } finally {
      await this.#changed();
    }
  }

  /** Throws `conversation_over` when nothing is compared. */
  rejectMatch(): void {
    const callbacks = this.#requestIn("comparing").verifier?.getShowSasCallbacks();
    // The SDK sends it in its own time. The end is said first, so that it is not taken for the other side's.
    this.end("mismatch", "m.mismatched_sas");
    callbacks?.mismatch();
  }

  /** Ends it here, and tells the other side. What stops it from being told is logged. */
  async cancel(reason: VerificationEnd): Promise<void> {
    const request = this.#request;
    this.end(reason);
    try {
      await request?.cancel();
    } catch (error) {
      this.#parts.logger.warn("the other session could not be told of an end", { error });
    }
  }

  /** Ends it here without a word to the other side. Once both sides have agreed there is nothing left to end. */
  end(reason: VerificationEnd, code = "m.user"): void {
    if (this.hasEnded || this.#state.phase === "checking") return;
    this.#endWith(describeEnd(code, { here: reason, unanswered: this.isUnanswered }));
  }

  #endWith(cancelled: VerificationCancelled): void {
    this.#leaveRequest();
    this.#enter({ phase: "cancelled", deviceId: this.#deviceId, cancelled });
  }

  #leaveRequest(): void {
    clearTimeout(this.#timer);
    this.#request?.off("change" as VerificationRequestEvent.Change, this.#onChange);
    this.#request = null;
  }

  /** The request, when the conversation is in that phase. */
  #requestIn(phase: Verification["phase"]): VerificationRequest {
    if (this.#state.phase !== phase || !this.#request) throw fail("conversation_over");
    return this.#request;
  }

  readonly #onChange = (): void => void this.#changed();

  /** Changes come in quick succession: each is looked at after the one before. */
  #changed(): Promise<void> {
    this.#updates = this.#updates
      .then(() => this.#update())
      .catch((error: unknown) => this.#parts.logger.error("a verification could not be followed", { error }));
    return this.#updates;
  }

  async #update(): Promise<void> {
    const request = this.#request;
    if (!request) return;
    const facts = factsOf(request);
    const described = describeRequest(facts, this.#answered);
    if (described.phase === "cancelled") {
      this.#cancelledElsewhere(facts);
      return;
    }
    const deviceId = await this.#learnOther(facts.otherDeviceId ?? this.#deviceId);
    // It may have ended meanwhile.
    if (this.#request !== request) return;
    if (described.phase === "checking") {
      await this.#finish(known(deviceId));
      return;
    }
    if (request.verifier) this.#drive(request.verifier);
    const open = described.phase === "ready" ? { ...described, ...(await this.#offer(request, facts)) } : described;
    if (open.phase === "ready" && !open.sas && open.qr === null) {
      await this.cancel("no_common_way");
      return;
    }
    // What was awaited may have taken until it ended.
    if (this.#request !== request) return;
    if (open.phase !== this.#state.phase) this.#setExpiry(open.phase);
    const expiresAt = this.#expiresAt;
    this.#enter(open.phase === "requested" ? { ...open, deviceId, expiresAt } : { ...open, deviceId: known(deviceId), expiresAt });
  }

  #cancelledElsewhere(facts: RequestFacts): void {
    if (isCollision(facts)) {
      const waits = this.isUnanswered && !this.#state.incoming;
      this.#leaveRequest();
      if (waits && this.#parts.onCollision()) return;
      this.end("both_asked");
      return;
    }
    const unanswered = this.isUnanswered && !this.#state.incoming;
    this.#endWith(describeEnd(facts.code, { here: null, unanswered }));
  }

  async #learnOther(deviceId: string | null): Promise<string | null> {
    const other = deviceId === null || this.#hasSeenOther ? undefined : await this.#parts.findOther(deviceId);
    this.#deviceId = deviceId;
    if (other) {
      this.#hasSeenOther = true;
      this.#deviceName = nameOfDevice(other);
    }
    return deviceId;
  }

  /** Says yes to a verifier once: with emoji it sends what is to be sent, with a code there is nothing to send. */
  #drive(verifier: Verifier): void {
    if (this.#driven.has(verifier)) return;
    this.#driven.add(verifier);
    verifier.verify().catch((error: unknown) => {
      // An end is told by the request as well; what is left is a message that could not be sent.
      this.#parts.logger.info("a verifier ended", { error });
    });
  }

  async #offer(request: VerificationRequest, { theirs }: RequestFacts): Promise<Pick<VerificationIn<"ready">, "sas" | "qr">> {
    const shown = this.#state.phase === "ready" ? this.#state.qr : null;
    return { sas: theirs.sas, qr: theirs.scan && theirs.reciprocate ? (shown ?? (await this.#qrOf(request))) : null };
  }

  /** Null when there is nothing to put into a code: a public key that it needs is not known. */
  async #qrOf(request: VerificationRequest): Promise<VerificationIn<"ready">["qr"]> {
    try {
      const bytes = await request.generateQRCode();
      return bytes ? await qrModules(bytes) : null;
    } catch (error) {
      this.#parts.logger.warn("no code could be made for a verification", { error });
      return null;
    }
  }

  async #finish(deviceId: string): Promise<void> {
    this.#leaveRequest();
    let checks: VerificationCheck[] = [];
    const look = (seen: VerificationCheck[]): void => this.#enter({ phase: "checking", deviceId, checks: (checks = seen) });
    look([]);
    try {
      checks = await this.#parts.settle(deviceId, look);
    } catch (error) {
      this.#parts.logger.warn("what came of a verification is not known", { error });
      checks = checks.map((one) => (one.status === "running" ? { ...one, status: "missing" } : one));
    }
    this.#enter({ phase: "done", deviceId, checks });
  }

  #setExpiry(phase: Verification["phase"]): void {
    const { limits } = this.#parts;
    const whole = Math.min(this.#request?.timeout ?? Infinity, limits.request);
    const byNumbers = this.#request?.chosenMethod === "m.sas.v1";
    if (phase === "comparing" || (phase === "waiting_for_other" && byNumbers)) {
      this.#expireIn(Math.min(whole, limits.comparing));
    } else if (phase === "waiting_for_other") {
      this.#expireIn(Math.min(whole, limits.idle));
    } else {
      this.#expireIn(whole);
    }
  }

  #expireIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.cancel("timed_out"), milliseconds);
    this.#timer.unref();
    this.#expiresAt = Date.now() + milliseconds;
  }

  /** Goes over to a phase, or tells more of the one it is in. */
  #enter(phase: Phase): void {
    const { verificationId, accountId, incoming, subject } = this.#state;
    this.#set({ verificationId, accountId, incoming, subject, deviceName: this.#deviceName, ...phase });
  }

  #set(state: Verification): void {
    this.#state = state;
    this.#parts.onChange(state);
  }
}

/** Once a request was answered, it is known by whom. */
function known(deviceId: string | null): string {
  if (deviceId === null) throw new Error("a verification goes on with nobody");
  return deviceId;
}
