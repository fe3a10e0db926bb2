import type { MatrixClient } from "matrix-js-sdk";
import * as z from "zod";
import type { IdentityPin } from "../secrets/secretStore.ts";

const KeysAnswer = z.looseObject({
  device_keys: z.record(z.string(), z.unknown()).optional().catch(undefined),
  master_keys: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
const MasterKey = z.object({ keys: z.record(z.string(), z.string().max(255)) });

const unpadded = (key: string): string => key.replace(/=+$/, "");

/** The public key in a master key as servers and the crypto machine write it; null when there is not exactly one. */
export function masterKeyOf(content: unknown): string | null {
  const keys = Object.values(MasterKey.safeParse(content).data?.keys ?? {});
  return keys.length === 1 ? unpadded(keys[0]!) : null;
}

/**
 * The identity of one account as this session knows it, and what its server says instead. A server that is not honest
 * could serve an identity of its own making; the crypto machine would take it, forget the private keys of the real one,
 * and call the devices that it has signed the owner's. So the machine hears only of an identity that the person knows of.
 */
export class PinnedIdentity {
  readonly #userId: string;
  readonly #keep: (pin: IdentityPin) => Promise<void>;
  #pin: IdentityPin;
  #served: string | null = null;

  /** @param keep writes the pin down; it is in force when that has resolved */
  constructor(userId: string, pin: IdentityPin, keep: (pin: IdentityPin) => Promise<void>) {
    this.#userId = userId;
    this.#pin = pin;
    this.#keep = keep;
  }

  /** The master key that the server last gave where it is neither the pinned nor an accepted one; else null. */
  get changedTo(): string | null {
    const { pinned, accepted } = this.#pin;
    const known = this.#served === null || pinned === null || this.#served === pinned || this.#served === accepted;
    return known ? null : this.#served;
  }

  /** Whether verified may be called what the server's identity has signed. False also for one that is only accepted. */
  get counts(): boolean {
    const { pinned } = this.#pin;
    return pinned === null || this.#served === null || this.#served === pinned;
  }

  /** An answer of `/keys/query` as the crypto machine may hear it; notes which identity the server gives. */
  admit(answer: string): string {
    const body = parse(answer);
    if (!body?.master_keys || !Object.hasOwn(body.master_keys, this.#userId)) {
      if (body?.device_keys && Object.hasOwn(body.device_keys, this.#userId)) this.#served = null;
      return answer;
    }
    // A key in a shape that is not understood is not the pinned one either.
    this.#served = masterKeyOf(body.master_keys[this.#userId]) ?? "";
    if (this.changedTo === null) return answer;
    const admitted: Record<string, unknown> = { ...body };
    for (const field of ["master_keys", "self_signing_keys", "user_signing_keys"]) {
      admitted[field] = withoutUser(admitted[field], this.#userId);
    }
    return JSON.stringify(admitted);
  }

  /**
   * Pins the identity that this session has just been verified with, the first one or one that was accepted. Any other is
   * left alone. Throws as `keep` does.
   */
  async verifiedWith(master: string): Promise<void> {
    const { pinned, accepted } = this.#pin;
    if (pinned === null || (accepted !== null && accepted === unpadded(master))) await this.pin(master);
  }

  /** Pins an identity that this session itself has made. Answers whether another one was pinned. Throws as `keep` does. */
  async pin(master: string): Promise<boolean> {
    const key = unpadded(master);
    if (this.#pin.pinned === key && this.#pin.accepted === null) return false;
    const changes = this.#pin.pinned !== key;
    await this.#become({ pinned: key, accepted: null });
    return changes;
  }

  /** Notes that an identity other than the pinned one is the person's. Throws as `keep` does. */
  async accept(master: string): Promise<void> {
    await this.#become({ ...this.#pin, accepted: unpadded(master) });
  }

  async #become(pin: IdentityPin): Promise<void> {
    await this.#keep(pin);
    this.#pin = pin;
  }
}

function parse(answer: string): z.infer<typeof KeysAnswer> | null {
  try {
    return KeysAnswer.safeParse(JSON.parse(answer)).data ?? null;
  } catch {
    return null;
  }
}

function withoutUser(keys: unknown, userId: string): unknown {
  if (typeof keys !== "object" || keys === null) return keys;
  return Object.fromEntries(Object.entries(keys).filter(([user]) => user !== userId));
}

const identities = new WeakMap<MatrixClient, PinnedIdentity>();

/** Makes a client count on this identity. */
export function countOnIdentity(client: MatrixClient, identity: PinnedIdentity): void {
  identities.set(client, identity);
}

/** The identity that a client which `openMatrixClient` has opened counts on. */
export function pinnedIdentityOf(client: MatrixClient): PinnedIdentity {
  const identity = identities.get(client);
  if (!identity) throw new Error("A client that counts on no identity");
  return identity;
}

/** What is used of the SDK's crypto machine. Its field is private to the SDK, so its shape is checked. */
interface IdentityMachine {
  userId: unknown;
  markRequestAsSent(id: string, type: number, answer: string): Promise<boolean>;
  getIdentity(userId: unknown): Promise<{ masterKey: string; free(): void } | undefined>;
}

/** The crypto machine inside the SDK's crypto. */
export function identityMachineOf(client: MatrixClient): IdentityMachine {
  const { olmMachine: machine } = (client.getCrypto() ?? {}) as unknown as { olmMachine?: Partial<IdentityMachine> };
  if (typeof machine?.markRequestAsSent !== "function" || typeof machine.getIdentity !== "function") {
    throw new Error("The SDK's crypto machine is not where it was");
  }
  return machine as IdentityMachine;
}

/**
 * Whether the account's identity, trusted by this session, has signed it, as of the last key query. The first identity of
 * which that is so, and one that was accepted, are pinned.
 */
export async function isVerifiedByOwnIdentity(client: MatrixClient): Promise<boolean> {
  const identity = pinnedIdentityOf(client);
  const userId = client.getSafeUserId();
  const status = await client.getCrypto()!.getDeviceVerificationStatus(userId, client.getDeviceId()!);
  if (status?.crossSigningVerified !== true) return false;
  const master = await masterKeyInMachine(client);
  // Where it cannot be written down it is pinned at the next opportunity.
  if (master !== null) await identity.verifiedWith(master).catch(() => undefined);
  return identity.counts;
}

/** The master key of the account's identity as the crypto machine knows it; null when it knows none. */
export async function masterKeyInMachine(client: MatrixClient): Promise<string | null> {
  const machine = identityMachineOf(client);
  const known = await machine.getIdentity(machine.userId);
  if (!known) return null;
  const { masterKey } = known;
  known.free();
  return masterKeyOf(JSON.parse(masterKey));
}
