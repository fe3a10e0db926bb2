import { createPublicKey, verify } from "node:crypto";
import * as z from "zod";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import { NewerVersion, type UpdateState } from "../../shared/contract/updates.ts";
import { fail } from "../../shared/errors.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Logger } from "../logging/logger.ts";
import { isNewer } from "./versions.ts";

/** Where newer versions are announced. */
export interface UpdateFeed {
  /** Has a `latest.json`; without a slash at the end. */
  readonly url: string;
  /** The Ed25519 key that announcements are signed with: SPKI in DER, as base64. */
  readonly publicKey: string;
}

export interface UpdatesParts {
  /** Null where this copy was built without one. */
  readonly feed: UpdateFeed | null;
  /** This version. */
  readonly version: string;
  readonly fetch: Fetch;
  readonly openPage: (url: string) => Promise<unknown>;
  readonly emit: Emit;
  readonly logger: Logger;
}

/** How often it is looked where the person wants that, in milliseconds. */
const DAY_MS = 24 * 60 * 60_000;

/** What `latest.json` holds: an announcement as text, and a signature over that text's bytes. */
const SignedAnnouncement = z.object({ announcement: z.string().max(100_000), signature: z.string().max(1_000) });
const Announcement = NewerVersion.extend({ page: z.url({ protocol: /^https$/ }).max(2_000) });

type Requests = Handlers["updates"];

/** Looks whether there is a newer version, where the person asks or has said that it may. It fetches none. */
export class UpdatesService implements Requests {
  readonly #parts: UpdatesParts;
  #state: UpdateState;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: UpdatesParts) {
    this.#parts = parts;
    this.#state = { supported: parts.feed !== null, checkedAt: null, newer: null };
  }

  state(): UpdateState {
    return this.#state;
  }

  /** @throws `not_found` without a feed, `bad_answer` for an announcement that isn't signed as it must be, and what the connection throws */
  async check(): Promise<UpdateState> {
    const { feed, version, fetch, emit } = this.#parts;
    if (feed === null) throw fail("not_found");
    const server = new HomeserverClient({ fetch, baseUrl: feed.url });
    const { announcement, signature } = await server.json({ path: "/latest.json", schema: SignedAnnouncement });
    const announced = isSigned(announcement, signature, feed.publicKey) ? Announcement.safeParse(parsed(announcement)).data : undefined;
    if (announced === undefined) throw fail("bad_answer", { host: server.host });
    this.#state = { supported: true, checkedAt: Date.now(), newer: isNewer(announced.version, version) ? announced : null };
    emit("updates.changed", this.#state);
    return this.#state;
  }

  /** @throws `not_found` where no newer version is known */
  async openPage(): Promise<Record<never, never>> {
    const { newer } = this.#state;
    if (newer === null) throw fail("not_found");
    await this.#parts.openPage(newer.page);
    return {};
  }

  /** Looks now and once a day, or no longer. */
  lookDaily(wanted: boolean): void {
    const look = wanted && this.#parts.feed !== null;
    if (look === (this.#timer !== null)) return;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = look ? setInterval(() => this.#look(), DAY_MS).unref() : null;
    if (look) this.#look();
  }

  /** What it finds out is told by the event; that it found out nothing is no news. */
  #look(): void {
    this.check().catch((error: unknown) => this.#parts.logger.info("it was not looked for a newer version", { error }));
  }
}

function isSigned(text: string, signature: string, publicKey: string): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
  return key.asymmetricKeyType === "ed25519" && verify(null, Buffer.from(text), key, Buffer.from(signature, "base64"));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
