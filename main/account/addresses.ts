import * as z from "zod";
import { AccountAddress, type AccountAddresses } from "../../shared/contract/addresses.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import { AppFailure, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { PendingEmails } from "./pendingEmails.ts";
import type { PendingPhones } from "./pendingPhones.ts";

const ServerAddresses = z.object({ threepids: z.array(z.unknown()) });
/** What is not said is allowed (Client-Server API, "m.3pid_changes capability"). */
const Capabilities = z.object({
  capabilities: z.object({ "m.3pid_changes": z.object({ enabled: z.boolean() }).optional().catch(undefined) }),
});
export const THREEPIDS_PATH = "/_matrix/client/v3/account/3pid";

export interface AddressParts {
  sessions: Pick<SessionManager, "session">;
  pendingEmails: Pick<PendingEmails, "remove">;
  pendingPhones: Pick<PendingPhones, "remove">;
  /** Called when addresses have gone. */
  onChanged: (accountId: AccountId) => void;
}

type Requests = Pick<Handlers["addresses"], "list" | "remove">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** The email addresses and phone numbers on an account (Client-Server API, "Adding account administrative contact information"). */
export class AddressService implements Requests {
  readonly #parts: AddressParts;

  constructor(parts: AddressParts) {
    this.#parts = parts;
  }

  /** @throws what the session or the server throws */
  async list({ accountId }: Input<"list">): Promise<AccountAddresses> {
    const { sessions, pendingEmails, pendingPhones } = this.#parts;
    const listed = await sessions.session(accountId).use((client, signal) => listAddresses(homeserverOf(client), signal));
    // Added, but nobody here learned of it. Where that cannot be written down, it is the next time.
    const isListed = (address: string): boolean =>
      listed.addresses.some((one) => one.medium === "email" && isSameEmail(one.address, address));
    await pendingEmails.remove(accountId, ({ address }) => isListed(address)).catch(() => undefined);
    const numbers = listed.addresses.flatMap(({ medium, address }) => (medium === "msisdn" ? [address] : []));
    await pendingPhones.remove(accountId, ({ msisdn }) => msisdn !== null && numbers.includes(msisdn)).catch(() => undefined);
    return listed;
  }

  /**
   * @throws `not_allowed_by_server` where the server takes no changes, `stop_sharing_failed` where an identity server is in
   * the way, and what the server says else: the address stays then
   */
  async remove({ accountId, medium, address }: Input<"remove">): Promise<AccountAddresses> {
    const left = await this.#parts.sessions.session(accountId).use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      try {
        await homeserver.text({ method: "POST", path: `${THREEPIDS_PATH}/delete`, body: { medium, address }, signal });
      } catch (thrown) {
        if (isFailure(thrown, "forbidden")) {
          throw new AppFailure({ kind: "not_allowed_by_server" }, { cause: thrown });
        }
        if (await isSharingInTheWay(homeserver, thrown, { medium, address }, signal)) {
          throw new AppFailure({ kind: "stop_sharing_failed" }, { cause: thrown });
        }
        throw thrown;
      }
      return listAddresses(homeserver, signal);
    });
    this.#parts.onChanged(accountId);
    return left;
  }
}

/**
 * Whether an address could not be removed because an identity server is still told of it. A homeserver takes it from there
 * first, and says of a failure no more than that there was one; so it is asked to do that part alone.
 */
async function isSharingInTheWay(
  homeserver: HomeserverClient,
  failed: unknown,
  body: AccountAddress,
  signal: AbortSignal,
): Promise<boolean> {
  const isServers = (thrown: unknown): boolean => isFailure(thrown, "server") && thrown.error.status >= 500;
  if (!isServers(failed)) return false;
  return homeserver.text({ method: "POST", path: `${THREEPIDS_PATH}/unbind`, body, signal }).then(() => false, isServers);
}

/** Servers give them in any order. */
const emailsFirst = (one: AccountAddress, other: AccountAddress): number =>
  one.medium.localeCompare(other.medium) || one.address.localeCompare(other.address);

/** Servers keep email addresses without regard to capitals, and ß as ss. */
export function isSameEmail(one: string, other: string): boolean {
  const folded = (address: string): string => address.trim().toUpperCase().toLowerCase();
  return folded(one) === folded(other);
}

/** @throws what the server answers */
export async function listAddresses(homeserver: HomeserverClient, signal: AbortSignal): Promise<AccountAddresses> {
  const [{ threepids }, { capabilities }] = await Promise.all([
    homeserver.json({ path: THREEPIDS_PATH, signal, schema: ServerAddresses }),
    homeserver.json({ path: "/_matrix/client/v3/capabilities", signal, schema: Capabilities }),
  ]);
  return {
    // Of another kind than those two, or too long to be shown: nothing that can be done here.
    addresses: threepids.flatMap((raw) => AccountAddress.safeParse(raw).data ?? []).sort(emailsFirst),
    canChange: capabilities["m.3pid_changes"]?.enabled !== false,
  };
}
