import { vi } from "vitest";
import type { VerificationLimits } from "../../main/encryption/verification/limits.ts";
import type { Services } from "../../main/services.ts";
import { Verification, type VerificationIn } from "../../shared/contract/verifications.ts";
import type { AccountId } from "../../shared/ids.ts";
import { secretOf } from "./secretValues.ts";
import { AccountDataOnServer } from "./secureBackupChecks.ts";
import { signInTo } from "./secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "./sdkSession.ts";
import { StewardData } from "./stewardServices.ts";
import type { Synapse, TestUser } from "./synapse.ts";
import { VerificationPartner } from "./verificationPartner.ts";
import { waitUntil } from "./waitUntil.ts";

let users = 0;

/** Our rooms, with an account of which a second, real client has set everything up. Ours is not verified yet. */
export class VerificationRig {
  readonly synapse: Synapse;
  readonly data: StewardData;
  readonly user: TestUser;
  readonly other: SdkSession;
  /** The person at the second client. */
  readonly partner: VerificationPartner;
  readonly securityKey: string;
  readonly #sdkSessions: SdkSession[];
  services!: Services;
  accountId!: AccountId;
  /** While set, what our session asks of others' secrets never reaches the server. */
  loseSecretRequests = false;
  #hearing: Promise<void> | null = null;
  /** Told that a sync is about to be asked for; resolves when it may be. */
  #syncHeld: (() => Promise<void>) | null = null;
  /** Told of the next request to verify that our session sends, and what it waits for then. */
  #asking: { reached: () => void; released: Promise<void> } | null = null;
  /** Lets our session hear the server again. */
  resumeHearing: () => void = () => undefined;

  private constructor(parts: { synapse: Synapse; data: StewardData; user: TestUser; other: SdkSession; securityKey: string }) {
    this.synapse = parts.synapse;
    this.data = parts.data;
    this.user = parts.user;
    this.other = parts.other;
    this.securityKey = parts.securityKey;
    this.partner = new VerificationPartner(parts.other);
    this.#sdkSessions = [parts.other];
  }

  /** Makes a new user with both sessions. The second client has made two room keys, which are in its backup. */
  static async open(synapse: Synapse, limits: Partial<VerificationLimits> = {}): Promise<VerificationRig> {
    const user = await synapse.register({ user: `pair${(users += 1)}`, password: `password of ${users}` });
    const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user, deviceName: "Phone" });
    const securityKey = await other.setUpSecureBackup();
    await other.sendRoomKeys(2);
    const rig = new VerificationRig({ synapse, data: await StewardData.create(), user, other, securityKey });
    await rig.openServices(limits);
    rig.accountId = await signInTo(rig.services, user, synapse.baseUrl);
    await rig.partner.knows(rig.deviceId);
    return rig;
  }

  /** Opens our rooms (again). */
  async openServices(limits: Partial<VerificationLimits> = {}): Promise<void> {
    this.services = await this.data.open({
      fetch: async (input, init) => {
        const { pathname } = new URL(input instanceof Request ? input.url : input);
        if (this.loseSecretRequests && pathname.includes("/sendToDevice/m.secret.request/")) return Response.json({});
        if (pathname.includes("/sendToDevice/m.key.verification.request/")) await this.#heldBack();
        if (pathname.endsWith("/sync")) await this.#syncHeld?.();
        const answer = await fetch(input, init);
        if (pathname.endsWith("/sync")) await this.#hearing;
        return answer;
      },
      verificationLimits: { askAgainWithin: 50, ...limits },
    });
  }

  /** Holds back what our session hears from the server. */
  stopHearing(): void {
    this.#hearing = new Promise((resolve) => {
      this.resumeHearing = resolve;
    });
  }

  /**
   * Sees to it that the next sync of our session brings everything at once that happens from now on; resolves when no
   * sync is under way.
   *
   * @returns lets the session ask for it
   */
  async holdSync(): Promise<() => void> {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => {
      this.#syncHeld = () => {
        resolve();
        return released;
      };
    });
    const { tokens } = this.other;
    // Ends the one that waits at the server.
    await new AccountDataOnServer(this.synapse, tokens).write("org.example.wake", { at: Date.now() });
    await reached;
    return () => {
      this.#syncHeld = null;
      release();
    };
  }

  /** Holds back the next request to verify that our session sends. */
  holdAsking(): { reached: Promise<void>; release: () => void } {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => (this.#asking = { reached: resolve, released }));
    return { reached, release };
  }

  async #heldBack(): Promise<void> {
    const asking = this.#asking;
    this.#asking = null;
    asking?.reached();
    await asking?.released;
  }

  get deviceId(): string {
    return this.services.sessions.session(this.accountId).details.deviceId;
  }

  /** Verifies our session with the Security Key. */
  async verifyHere(): Promise<void> {
    await this.services.secureBackup.unlock({ accountId: this.accountId, keyOrPhrase: secretOf("Security Key", this.securityKey) });
  }

  /** Signs in with one more client, which is not verified. */
  async oneMore(deviceName: string): Promise<VerificationPartner> {
    const session = await startSdkSession({ baseUrl: this.synapse.baseUrl, ...this.user, deviceName });
    this.#sdkSessions.push(session);
    return new VerificationPartner(session);
  }

  /** Asks from here: the second client, unless another or all (null) are named. */
  async request(to: string | null = this.other.tokens.deviceId): Promise<Verification> {
    return await this.services.verifications.request({ accountId: this.accountId, deviceId: to });
  }

  /** Every state that was sent of any verification, in order; each must fit the contract. */
  get sent(): Verification[] {
    return this.data.events.flatMap(({ channel, payload }) => (channel === "verifications.changed" ? [Verification.parse(payload)] : []));
  }

  /** Waits until the newest verification is in a phase, and answers it. */
  reaches<P extends Verification["phase"]>(phase: P): Promise<VerificationIn<P>> {
    return waitUntil(() => [this.sent.at(-1)].find((state): state is VerificationIn<P> => state?.phase === phase), {
      what: `${phase} here`,
      timeoutMs: 60_000,
    });
  }

  /** Goes on, from a request of ours that waits at a partner, until both sides show emoji. */
  async compare({ verificationId }: Verification, partner = this.partner) {
    const theirs = await partner.incoming();
    await theirs.accept();
    await this.reaches("ready");
    await this.services.verifications.chooseSas({ verificationId });
    const callbacks = await partner.sas(theirs);
    return { theirs, callbacks, comparing: await this.reaches("comparing") };
  }

  async close(): Promise<void> {
    vi.restoreAllMocks();
    this.resumeHearing();
    for (const session of this.#sdkSessions) session.stop();
    await this.data.destroy();
  }
}

/** What names a verification, for the requests about it. */
export const only = ({ verificationId }: Verification) => ({ verificationId });
