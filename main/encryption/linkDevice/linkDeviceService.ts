import type { DeviceLink, LinkEnd } from "../../../shared/contract/linkDevice.ts";
import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import { AppFailure, fail, isFailure } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { MatrixClient } from "matrix-js-sdk";
import type { Fetch } from "../../http/redirects.ts";
import type { Logger } from "../../logging/logger.ts";
import { type LinkProtocol, LinkRefused, type RendezvousPlace } from "../../sdk/linkPort.ts";
import { askAuthMetadata, SecureAddress } from "../../sessions/oauth/authMetadata.ts";
import type { LoadSdk } from "../../sessions/sessionDetails.ts";
import type { SessionManager } from "../../sessions/sessionManager.ts";
import { newId } from "../../storage/newId.ts";
import { qrModules } from "../verification/qrModules.ts";
import { identityKeysHere, isThisSessionVerified, refuseChangedIdentity } from "../crossSigning.ts";
import { openEncryptionContext } from "../encryptionContext.ts";
import { LinkEnded, openRendezvous, type RendezvousOptions } from "./rendezvous.ts";

export interface LinkDeviceParts {
  sessions: Pick<SessionManager, "account" | "session">;
  fetch: Fetch;
  emit: Emit;
  logger: Logger;
  loadSdk: LoadSdk;
  /** Opens a page of a server in the person's browser. */
  openInBrowser: (url: string, baseUrl: string) => Promise<void>;
  /** Called when a device was linked: the account has one session more. */
  onLinked: (accountId: AccountId) => void;
  /** In place of the clock of the exchange, and of waiting between two looks. */
  linkTimes?: Pick<RendezvousOptions, "elapsed" | "wait">;
}

type Requests = Handlers["linkDevice"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** One device that is being linked. */
interface Link {
  state: DeviceLink;
  /** Aborted with why it ended. */
  stop: AbortController;
  /** The digits that the person has typed. */
  typed: (code: string) => void;
  /** Opens the page where the new session is approved. */
  open: () => void;
}

/**
 * "Link a new device": a QR code that another device scans, which is then signed in and verified, from this session. Each
 * lives here, so that a renderer that reloads finds it again.
 */
export class LinkDeviceService implements Requests {
  readonly #parts: LinkDeviceParts;
  readonly #links = new Map<ConversationId, Link>();

  constructor(parts: LinkDeviceParts) {
    this.#parts = parts;
  }

  /** @throws why the session is not there to be used, and what the server answers */
  async available({ accountId }: Input<"available">): Promise<{ why: "not_supported" | "not_verified" | null }> {
    const { baseUrl } = this.#parts.sessions.account(accountId).homeserver;
    const supported = await this.#parts.sessions
      .session(accountId)
      .use((client) => client.doesServerSupportUnstableFeature("org.matrix.msc4108"));
    const metadata = supported ? await this.#metadata(baseUrl) : null;
    if (metadata === null) return { why: "not_supported" };
    return { why: (await this.#hasKeys(accountId)) ? null : "not_verified" };
  }

  /** @throws `no_such_account` */
  start({ accountId }: Input<"start">): { linkId: ConversationId } {
    this.#parts.sessions.account(accountId);
    for (const { state, stop } of this.#links.values()) if (state.accountId === accountId) stop.abort(new LinkEnded("cancelled"));
    const linkId = newId<ConversationId>();
    const nothing = (): void => undefined;
    const link: Link = { state: { linkId, accountId, status: "starting" }, stop: new AbortController(), typed: nothing, open: nothing };
    this.#links.set(linkId, link);
    this.#set(link, link.state);
    void this.#run(link);
    return { linkId };
  }

  /** @throws `conversation_over` */
  checkCode({ linkId, code }: Input<"checkCode">): Record<never, never> {
    this.#underWay(linkId, "checking").typed(code);
    return {};
  }

  /** @throws `conversation_over` */
  openPage({ linkId }: Input<"openPage">): Record<never, never> {
    this.#underWay(linkId, "approving").open();
    return {};
  }

  /** Cancels one; nothing is left to do where it has ended. */
  cancel({ linkId }: Input<"cancel">): Record<never, never> {
    this.#links.get(linkId)?.stop.abort(new LinkEnded("cancelled"));
    return {};
  }

  list(): { links: DeviceLink[] } {
    return { links: [...this.#links.values()].map(({ state }) => state) };
  }

  async #run(link: Link): Promise<void> {
    const { accountId, linkId } = link.state;
    let reason: LinkEnd | null = null;
    try {
      await this.#parts.sessions.session(accountId).use((client) => this.#link(link, client));
    } catch (thrown) {
      const stopped = link.stop.signal.aborted;
      // Whoever still waits for the other device does so in vain.
      link.stop.abort(new LinkEnded("session_ended"));
      reason = endOf(stopped ? (link.stop.signal.reason as unknown) : thrown);
      if (reason === "server" || reason === "not_understood") {
        this.#parts.logger.warn("a device could not be linked", { accountId, error: thrown });
      }
    }
    this.#links.delete(linkId);
    this.#set(link, reason === null ? { linkId, accountId, status: "done" } : { linkId, accountId, status: "ended", reason });
    if (reason === null) this.#parts.onLinked(accountId);
  }

  async #link(link: Link, client: MatrixClient): Promise<void> {
    const { accountId } = link.state;
    const { fetch, loadSdk, linkTimes, sessions } = this.#parts;
    const { baseUrl } = sessions.account(accountId).homeserver;
    const { signal } = link.stop;
    const { why } = await this.available({ accountId });
    if (why !== null) throw new LinkEnded(why);
    const place = await openRendezvous({ ...linkTimes, fetch, baseUrl, signal });
    let protocol: LinkProtocol | null = null;
    try {
      protocol = await (await loadSdk()).openLinkProtocol(client, place);
      await this.#steps(link, protocol, baseUrl);
    } catch (thrown) {
      await giveUp(place, protocol);
      throw thrown;
    }
  }

  /** From the QR code to the end, where nothing else happens meanwhile. */
  async #steps(link: Link, protocol: LinkProtocol, baseUrl: string): Promise<void> {
    const { openInBrowser, logger } = this.#parts;
    const { linkId, accountId } = link.state;
    const { signal } = link.stop;
    const common = { linkId, accountId };
    signal.throwIfAborted();
    this.#set(link, { ...common, status: "showing", qr: await qrModules(protocol.code) });
    const digits = await protocol.scanned();
    const typed = new Promise<string>((resolve, reject) => {
      link.typed = resolve;
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    signal.throwIfAborted();
    this.#set(link, { ...common, status: "checking" });
    if ((await typed) !== digits) throw new LinkEnded("wrong_code");
    this.#set(link, { ...common, status: "waiting" });
    const url = await protocol.page();
    if (!(await this.#isServersPage(url, baseUrl))) throw new LinkEnded("strange_page");
    signal.throwIfAborted();
    link.open = () => {
      this.#set(link, { ...common, status: "approving", url, browserFailed: false });
      openInBrowser(url, new URL(url).origin).catch((error: unknown) => {
        logger.warn("the browser could not be opened", { error });
        if (link.state.status === "approving") this.#set(link, { ...link.state, browserFailed: true });
      });
    };
    link.open();
    await protocol.shareSecrets();
  }

  /** What the homeserver's authorization server says; null where it has none, or none that devices get a code from. */
  async #metadata(baseUrl: string) {
    const metadata = await askAuthMetadata(baseUrl, this.#parts.fetch).catch((thrown: unknown) => {
      if (isFailure(thrown, "oauth_unusable")) return null;
      throw thrown;
    });
    return metadata?.device_authorization_endpoint === undefined ? null : metadata;
  }

  /** The address came from the other device: it must be the authorization server's own. */
  async #isServersPage(url: string, baseUrl: string): Promise<boolean> {
    const metadata = await this.#metadata(baseUrl);
    if (metadata === null || !SecureAddress.safeParse(url).success) return false;
    const { issuer, authorization_endpoint: authorization, account_management_uri: account } = metadata;
    return [issuer, authorization, account].some((own) => own !== undefined && new URL(own).origin === new URL(url).origin);
  }

  /** Whether this session is verified and has all private keys of the identity, which it would hand over. */
  #hasKeys(accountId: AccountId): Promise<boolean> {
    return this.#parts.sessions.session(accountId).use(async (client, signal) => {
      const context = openEncryptionContext(client, { signal });
      refuseChangedIdentity(context);
      const keys = Object.values(await identityKeysHere(context));
      return keys.every((key) => key !== null) && (await isThisSessionVerified(context));
    });
  }

  #underWay(linkId: ConversationId, status: DeviceLink["status"]): Link {
    const link = this.#links.get(linkId);
    if (link?.state.status !== status) throw fail("conversation_over");
    return link;
  }

  #set(link: Link, state: DeviceLink): void {
    link.state = state;
    this.#parts.emit("linkDevice.changed", state);
  }
}

/** Tells the other device; where there is none yet, the place where it would look for us goes. */
async function giveUp(place: RendezvousPlace, protocol: LinkProtocol | null): Promise<void> {
  // What was said to it must stay there until it has been read.
  if (protocol === null || !(await protocol.decline())) await place.close();
}

/** In the words of MSC4108, and what they mean here. */
const REFUSALS: Readonly<Record<string, LinkEnd>> = {
  user_cancelled: "cancelled_there",
  user_declined: "cancelled_there",
  authorization_expired: "expired",
  expired: "expired",
  device_already_exists: "device_exists",
  device_not_found: "device_not_found",
  unsupported_protocol: "not_supported",
};

function endOf(thrown: unknown): LinkEnd {
  if (thrown instanceof LinkEnded) return thrown.reason;
  if (thrown instanceof LinkRefused) return REFUSALS[thrown.reason] ?? "not_understood";
  if (isFailure(thrown, "cancelled") || isFailure(thrown, "unauthenticated") || isFailure(thrown, "account_not_running"))
    return "session_ended";
  if (isFailure(thrown, "internal")) return "not_understood";
  return thrown instanceof AppFailure ? "server" : "not_understood";
}
