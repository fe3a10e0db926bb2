import type { Handlers } from "../../../shared/contract/index.ts";
import type { ServiceLink, ServiceProvider, ServiceSession } from "../../../shared/contract/serviceUsers.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { sendOnce } from "../../http/lostAnswer.ts";
import type { ActionLog } from "../actionLog.ts";
import type { AdminApi } from "../adminApi.ts";
import type { MasApi } from "./masApi.ts";
import { knownToService } from "./masUser.ts";

export interface ServiceUsersParts {
  adminApiOf: (accountId: AccountId) => AdminApi;
  /** The admin API of the service that looks after the server's accounts, where it lets the account use it; null elsewhere. */
  serviceOf: (accountId: AccountId) => Promise<MasApi | null>;
  log: Pick<ActionLog, "record">;
}

type Requests = Handlers["serviceUsers"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];
interface Links {
  links: ServiceLink[];
  providers: ServiceProvider[];
}
interface Sessions {
  sessions: ServiceSession[];
}

/** What an authentication service keeps of users beside what their homeserver hears of: the handlers of the contract's `serviceUsers`. */
export class ServiceUsersService implements Requests {
  readonly #parts: ServiceUsersParts;

  constructor(parts: ServiceUsersParts) {
    this.#parts = parts;
  }

  async links({ accountId, userId }: Input<"links">): Promise<Links> {
    const { mas, id } = await this.#find(accountId, userId);
    return id === null ? { links: [], providers: [] } : readLinks(mas, id);
  }

  /** A link whose making was not answered is looked for. */
  addLink({ accountId, userId, providerId, subject }: Input<"addLink">): Promise<Links> {
    return this.#record(accountId, userId, "add_link", async (mas, id) => {
      const owner = await mas.ownerOfLink(providerId, subject);
      if (owner !== null && owner.id !== id) {
        const serverName = userId.slice(userId.indexOf(":"));
        throw fail("contact_of_other_user", { contact: subject, userId: `@${owner.username}${serverName}`.slice(0, 300) });
      }
      const lost = owner === null ? await sendOnce(() => mas.addLink(id, providerId, subject)) : null;
      if (lost !== null && (await mas.ownerOfLink(providerId, subject).catch(() => null))?.id !== id) throw new AppFailure(lost);
      return readLinks(mas, id);
    });
  }

  removeLink({ accountId, userId, linkId }: Input<"removeLink">): Promise<Links> {
    return this.#record(accountId, userId, "remove_link", async (mas, id) => {
      // Only one of this user's: what was shown may be somebody else's by now.
      if ((await mas.links(id)).some((link) => link.id === linkId)) await mas.removeLink(linkId);
      return readLinks(mas, id);
    });
  }

  async sessions({ accountId, userId }: Input<"sessions">): Promise<Sessions> {
    const { mas, id } = await this.#find(accountId, userId);
    return { sessions: id === null ? [] : await mas.otherSessions(id) };
  }

  endSessions({ accountId, userId, sessionIds }: Input<"endSessions">): Promise<Sessions> {
    return this.#record(accountId, userId, "sign_out_sessions", async (mas, id) => {
      const leaving = (await mas.otherSessions(id)).filter(({ sessionId }) => sessionIds.includes(sessionId));
      for (const { kind, sessionId } of leaving) await mas.endOtherSession(kind, sessionId);
      return { sessions: await mas.otherSessions(id) };
    });
  }

  /** The service, and what it calls a user; null for whom it does not know, as the users of bridges. */
  async #find(accountId: AccountId, userId: string): Promise<{ mas: MasApi; id: string | null }> {
    const api = this.#parts.adminApiOf(accountId);
    api.checkOwnServer(userId);
    const mas = await this.#parts.serviceOf(accountId);
    if (mas === null) throw fail("admin_api_lacks", { host: api.serverName });
    return { mas, id: (await knownToService(mas, userId))?.id ?? null };
  }

  /** Does what is written down. @throws `not_found` for whom the service does not know */
  async #record<T>(accountId: AccountId, userId: string, action: string, perform: (mas: MasApi, id: string) => Promise<T>): Promise<T> {
    const { mas, id } = await this.#find(accountId, userId);
    if (id === null) throw fail("not_found");
    const actor = this.#parts.adminApiOf(accountId).userId;
    return this.#parts.log.record({ actor, target: userId, action }, () => perform(mas, id));
  }
}

async function readLinks(mas: MasApi, id: string): Promise<Links> {
  const [links, providers] = await Promise.all([mas.links(id), mas.providers()]);
  const nameOf = (providerId: string): string => providers.find((one) => one.id === providerId)?.name ?? providerId;
  return {
    links: links.map((link) => ({ linkId: link.id, provider: nameOf(link.providerId), subject: link.subject })),
    providers: providers.filter(({ enabled }) => enabled).map((one) => ({ providerId: one.id, name: one.name })),
  };
}
