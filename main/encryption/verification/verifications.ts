import type { MatrixClient } from "matrix-js-sdk";
import type { VerificationRequest } from "matrix-js-sdk/lib/crypto-api/verification.js";
import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import type { Session } from "../../../shared/contract/devices.ts";
import type { Verification } from "../../../shared/contract/verifications.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { Logger } from "../../logging/logger.ts";
import type { MatrixSession } from "../../sessions/matrixSession.ts";
import { openEncryptionContext } from "../encryptionContext.ts";
import { isThisSessionVerified, refuseChangedIdentity } from "../crossSigning.ts";
import { checkVerification } from "./verificationChecks.ts";
import { type Opening, VerificationConversation } from "./verificationFlow.ts";
import { VERIFICATION_LIMITS, type VerificationLimits } from "./limits.ts";
import { factsOf } from "./requestFacts.ts";
import { askToVerify, findDevice, nameOfDevice, whyNotToAsk } from "./sdkRequests.ts";

export interface VerificationsParts {
  session: (accountId: AccountId) => MatrixSession;
  /** Calls back each time an account's session begins to run, and each time its server answers again. */
  onRunning: (listener: (accountId: AccountId) => void) => void;
  listDevices: (client: MatrixClient) => Promise<Session[]>;
  /** Something may be verified, or connected, that was not: who shows that should look again. */
  onSettled: (accountId: AccountId) => void;
  emit: Emit;
  logger: Logger;
  limits?: Partial<VerificationLimits>;
}

type Requests = Handlers["verifications"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** How often our request is made again when both sides ask at once. */
const MAX_COLLISIONS = 3;

/**
 * All interactive verifications: the handlers of the contract's domain `verifications`. They live here, so that a renderer
 * which reloads finds them again. The crypto machine takes one at a time for an account, and so does this.
 */
export class Verifications implements Requests {
  readonly #parts: VerificationsParts;
  readonly #limits: VerificationLimits;
  readonly #conversations = new Map<ConversationId, VerificationConversation>();
  /** The client that is listened to, by account. A session that starts again has a new one. */
  readonly #attached = new Map<AccountId, MatrixClient>();

  constructor(parts: VerificationsParts) {
    this.#parts = parts;
    this.#limits = { ...VERIFICATION_LIMITS, ...parts.limits };
    parts.onRunning((accountId) => {
      this.#attach(accountId).catch((error: unknown) =>
        parts.logger.warn("verification requests are not listened to", { accountId, error }),
      );
    });
  }

  list = (): { verifications: Verification[] } => ({
    verifications: [...this.#conversations.values()].map(({ state }) => state),
  });

  candidates = async ({ accountId }: Input<"candidates">) => {
    const sessions = await this.#parts.session(accountId).use(this.#parts.listDevices);
    const others = sessions.filter(({ thisSession }) => !thisSession);
    return {
      otherSessions: others.length,
      verified: others
        .filter(({ verification }) => verification === "verified")
        .slice(0, 1000)
        .map(({ deviceId, name }) => ({ deviceId, name: name?.slice(0, 200) ?? null })),
    };
  };

  /** Throws `invalid_input` for this session itself, and as `whyNotToAsk` says. */
  request = async ({ accountId, deviceId }: Input<"request">): Promise<Verification> => {
    const session = this.#parts.session(accountId);
    if (deviceId === session.details.deviceId) throw fail("invalid_input", { issues: ["deviceId: this_session"] });
    return await session.useAlone(async (client, signal) => {
      const { subject } = await this.#look(client, signal);
      const why = await whyNotToAsk(client, deviceId, subject === "other_session");
      if (why) throw why;
      const underWay = this.#underWay(accountId);
      if (underWay) {
        const isMeant = deviceId === null || deviceId === underWay.state.deviceId;
        if (isMeant && underWay.state.incoming && underWay.isUnanswered) await underWay.accept();
        if (isMeant) return underWay.state;
        await underWay.cancel("cancelled");
      }
      const request = await askToVerify(client, deviceId, signal);
      const conversation = this.#open(client, signal, { accountId, incoming: false, subject, deviceId });
      await conversation.follow(request);
      return conversation.state;
    });
  };

  /** Throws `identity_changed`; `conversation_over`, and what sending throws, as the others do. */
  accept = (input: Input<"accept">) =>
    this.#do(input, async (one) => {
      await this.#parts.session(one.state.accountId).use((client, signal) => {
        refuseChangedIdentity(openEncryptionContext(client, { signal }));
        return Promise.resolve();
      });
      await one.accept();
    });
  chooseSas = (input: Input<"chooseSas">) => this.#do(input, (one) => one.chooseSas());
  confirmMatch = (input: Input<"confirmMatch">) => this.#do(input, (one) => one.confirmMatch());
  rejectMatch = (input: Input<"rejectMatch">) => this.#do(input, (one) => Promise.resolve(one.rejectMatch()));
  confirmScanned = (input: Input<"confirmScanned">) => this.#do(input, (one) => one.confirmScanned());

  cancel = async ({ verificationId }: Input<"cancel">): Promise<Record<string, never>> => {
    const conversation = this.#conversation(verificationId);
    const { incoming } = conversation.state;
    await conversation.cancel(incoming && conversation.isUnanswered ? "declined" : "cancelled");
    return {};
  };

  /** Throws `conversation_over` when it is not known, and `invalid_input` when it has not ended. */
  dismiss = ({ verificationId }: Input<"dismiss">): Record<string, never> => {
    if (!this.#conversation(verificationId).hasEnded) throw fail("invalid_input", { issues: ["verificationId: under_way"] });
    this.#forget(verificationId);
    return {};
  };

  async #do(
    { verificationId }: { verificationId: ConversationId },
    work: (conversation: VerificationConversation) => Promise<void>,
  ): Promise<Record<string, never>> {
    const conversation = this.#conversation(verificationId);
    await this.#parts.session(conversation.state.accountId).use(() => work(conversation));
    return {};
  }

  #conversation(verificationId: ConversationId): VerificationConversation {
    const conversation = this.#conversations.get(verificationId);
    if (!conversation) throw fail("conversation_over");
    return conversation;
  }

  #underWay(accountId: AccountId): VerificationConversation | undefined {
    return [...this.#conversations.values()].find(
      (one) => one.state.accountId === accountId && !one.hasEnded && one.state.phase !== "checking",
    );
  }

  async #attach(accountId: AccountId): Promise<void> {
    await this.#parts.session(accountId).use(async (client, signal) => {
      if (this.#attached.get(accountId) === client) return;
      this.#attached.set(accountId, client);
      const take = (request: VerificationRequest): void => {
        this.#take(accountId, client, signal, request).catch((error: unknown) =>
          this.#parts.logger.warn("a verification request was not taken", { accountId, error }),
        );
      };
      client.on("crypto.verificationRequestReceived" as never, take as never);
      const look = (): void => {
        this.#lookForOther(accountId, client).catch((error: unknown) =>
          this.#parts.logger.info("the other session was not looked for", { accountId, error }),
        );
      };
      client.on("crypto.devicesUpdated" as never, look as never);
      signal.addEventListener("abort", () => this.#stopped(accountId), { once: true });
      // Those that came with the very first sync were there before anybody listened.
      for (const request of client.getCrypto()!.getVerificationRequestsToDeviceInProgress(client.getSafeUserId())) {
        take(request);
      }
      await Promise.resolve();
    });
  }

  /** Takes in what another session asks. Other people's requests are not for this app to answer. */
  async #take(accountId: AccountId, client: MatrixClient, signal: AbortSignal, request: VerificationRequest): Promise<void> {
    const facts = factsOf(request);
    const isOurs = request.isSelfVerification && request.roomId === undefined && !request.initiatedByMe;
    // One that is cancelled has collided with another, which is told of that itself.
    if (!isOurs || facts.phase !== "requested") return;
    const deviceId = facts.otherDeviceId;
    const waiting = this.#underWay(accountId);
    if (waiting && !waiting.state.incoming && waiting.isUnanswered) {
      if (waiting.state.deviceId === null || waiting.state.deviceId === deviceId) {
        // We asked at the same moment and wait to ask again: the person here has said yes already.
        await waiting.follow(request);
        await waiting.accept();
        return;
      }
      waiting.end("both_asked");
    }
    const { subject } = await this.#look(client, signal);
    await this.#open(client, signal, { accountId, incoming: true, subject, deviceId }).follow(request);
  }

  /** The session that is not verified gains from it: this one, or else the other. */
  async #look(client: MatrixClient, signal: AbortSignal): Promise<Pick<Verification, "subject">> {
    const verified = await isThisSessionVerified(openEncryptionContext(client, { signal }));
    return { subject: verified ? "other_session" : "this_session" };
  }

  #open(client: MatrixClient, signal: AbortSignal, opening: Opening): VerificationConversation {
    const { accountId } = opening;
    let collisions = 0;
    let accepted = !opening.incoming;
    const conversation: VerificationConversation = new VerificationConversation(opening, {
      limits: this.#limits,
      logger: this.#parts.logger,
      onChange: (state) => {
        accepted ||= state.phase !== "requested" && state.phase !== "cancelled";
        this.#parts.emit("verifications.changed", state);
        // Nobody waits to read about a request that went away before it was answered.
        if (state.phase === "cancelled" && !accepted) this.#forget(state.verificationId);
      },
      findOther: (deviceId) => findDevice(client, deviceId),
      onCollision: () => {
        collisions += 1;
        if (collisions > MAX_COLLISIONS) return false;
        this.#askAgain(client, signal, conversation);
        return true;
      },
      settle: async (otherDeviceId, onChecks) => {
        const access = openEncryptionContext(client, { signal });
        try {
          return await checkVerification(access, {
            subject: conversation.state.subject,
            otherDeviceId,
            patienceMs: this.#limits.secrets,
            signal,
            onChecks,
          });
        } finally {
          if (!signal.aborted) this.#parts.onSettled(accountId);
        }
      },
    });
    this.#conversations.set(conversation.state.verificationId, conversation);
    return conversation;
  }

  /**
   * Both sides asked at once, and both requests are gone. Whoever's chance comes first asks again, and the other
   * answers: another Steward by itself, the person at another client.
   */
  #askAgain(client: MatrixClient, signal: AbortSignal, conversation: VerificationConversation): void {
    const delay = Math.random() * this.#limits.askAgainWithin;
    conversation.waitFor(this.#limits.idle);
    const stillWaits = (): boolean => conversation.isUnanswered && !conversation.isFollowing;
    const timer = setTimeout(() => {
      if (!stillWaits()) return;
      askToVerify(client, conversation.state.deviceId, signal)
        // The person may have cancelled, or the other side asked, while ours was on its way.
        .then((request) => (stillWaits() ? conversation.follow(request) : request.cancel()))
        .catch((error: unknown) => {
          this.#parts.logger.warn("a verification was not asked for again", { error });
          if (stillWaits()) conversation.end("both_asked");
        });
    }, delay);
    timer.unref();
  }

  /** A session that is not in the list of devices is gone, but only when it was there before: a new one may be late. */
  async #lookForOther(accountId: AccountId, client: MatrixClient): Promise<void> {
    const conversation = this.#underWay(accountId);
    const deviceId = conversation?.state.deviceId;
    if (!conversation || !deviceId) return;
    const device = await findDevice(client, deviceId);
    if (device) conversation.seeOther(nameOfDevice(device));
    else if (conversation.hasSeenOther) await conversation.cancel("other_gone");
  }

  #stopped(accountId: AccountId): void {
    this.#attached.delete(accountId);
    for (const conversation of this.#conversations.values()) {
      if (conversation.state.accountId === accountId) conversation.end("session_stopped");
    }
  }

  #forget(verificationId: ConversationId): void {
    this.#conversations.delete(verificationId);
    this.#parts.emit("verifications.dismissed", { verificationId });
  }
}
