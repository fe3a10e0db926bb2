import * as z from "zod";
import type { Handlers } from "../../shared/contract/index.ts";
import type { Profile } from "../../shared/contract/profile.ts";
import { AppFailure, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { Avatars } from "./avatars.ts";
import { uploadLimit, uploadPicture } from "./pictureUpload.ts";

const ServerProfile = z.object({
  displayname: z.string().max(2048).nullish().catch(null),
  avatar_url: z.string().max(2048).startsWith("mxc://").nullish().catch(null),
});

const Capability = z.object({ enabled: z.boolean() }).optional().catch(undefined);
/** What a person may change (Client-Server API, "Capabilities negotiation"): what is not said is allowed. */
const Capabilities = z.object({
  capabilities: z.object({
    "m.set_displayname": Capability,
    "m.set_avatar_url": Capability,
  }),
});
const Anything = z.object({});

type Requests = Handlers["profile"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** An account's display name and picture, on the server and as this computer remembers them. */
export class ProfileService implements Requests {
  readonly #sessions: SessionManager;
  readonly #avatars: Avatars;

  constructor(sessions: SessionManager, avatars: Avatars) {
    this.#sessions = sessions;
    this.#avatars = avatars;
  }

  /** Reads the name and the picture from the server and remembers them. Throws what the session or the server throws. */
  refresh(accountId: AccountId): Promise<void> {
    return this.#sessions
      .session(accountId)
      .use((client, signal) => this.#refresh(accountId, homeserverOf(client), client.getSafeUserId(), signal));
  }

  /** As `refresh`, and reads what the server lets be changed. */
  async get({ accountId }: Input<"get">): Promise<Profile> {
    return this.#sessions.session(accountId).use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      const userId = client.getSafeUserId();
      const [limit, { capabilities }] = await Promise.all([
        uploadLimit(homeserver),
        homeserver.json({ path: "/_matrix/client/v3/capabilities", schema: Capabilities }),
        this.#refresh(accountId, homeserver, userId, signal),
      ]);
      const account = this.#sessions.account(accountId);
      return {
        displayName: account.displayName,
        avatarPath: account.avatarPath,
        uploadLimitBytes: limit,
        canChangeDisplayName: capabilities["m.set_displayname"]?.enabled !== false,
        canChangeAvatar: capabilities["m.set_avatar_url"]?.enabled !== false,
      };
    });
  }

  /** An empty name removes it. Throws `not_allowed_by_server`, and what the server says. */
  async setDisplayName({ accountId, displayName }: Input<"setDisplayName">): Promise<Profile> {
    await this.#set(accountId, "displayname", displayName);
    return this.get({ accountId });
  }

  /**
   * Uploads a picture and shows it. The size is compared with the server's limit before anything is sent.
   * Throws `too_large`, `not_allowed_by_server`, and what the server says.
   */
  async setAvatar({ accountId, image, mimeType }: Input<"setAvatar">): Promise<Profile> {
    const session = this.#sessions.session(accountId);
    await session.use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      const mxc = await uploadPicture(homeserver, image, mimeType, signal);
      await this.#set(accountId, "avatar_url", mxc);
      await this.#sessions.update(accountId, {
        avatar: await this.#avatars.keep(accountId, mxc, image, session.host),
      });
    });
    return this.get({ accountId });
  }

  /** Takes the picture away. Synapse fails on an undefined URL, so an empty one is sent. */
  async removeAvatar({ accountId }: Input<"removeAvatar">): Promise<Profile> {
    await this.#set(accountId, "avatar_url", "");
    return this.get({ accountId });
  }

  /** Changes one field of the profile. Setting it to what it is does nothing, so that it may be repeated. */
  async #set(accountId: AccountId, field: "displayname" | "avatar_url", value: string): Promise<void> {
    await this.#sessions.session(accountId).use(async (client, signal) => {
      const path = `${profilePath(client.getSafeUserId())}/${field}`;
      try {
        await homeserverOf(client).json({ method: "PUT", path, body: { [field]: value }, signal, schema: Anything });
      } catch (thrown) {
        if (isFailure(thrown, "forbidden")) throw new AppFailure({ kind: "not_allowed_by_server" }, { cause: thrown });
        throw thrown;
      }
    });
  }

  async #refresh(accountId: AccountId, homeserver: HomeserverClient, userId: string, ended: AbortSignal): Promise<void> {
    const asked = homeserver.json({ path: profilePath(userId), signal: ended, schema: ServerProfile });
    const { displayname, avatar_url: mxc } = await asked.catch((thrown: unknown): z.infer<typeof ServerProfile> => {
      // A new account without a profile of any kind.
      if (isFailure(thrown, "not_found")) return {};
      throw thrown;
    });
    const { avatarPath } = this.#sessions.account(accountId);
    const entry = { displayName: displayname || null };
    if (!mxc) {
      await this.#avatars.remove(accountId);
      await this.#sessions.update(accountId, { ...entry, avatar: null });
    } else if (avatarPath === null || !(await this.#isKept(accountId, mxc))) {
      const change = await this.#avatars.fetch(accountId, homeserver, mxc, ended).then(
        (avatar) => ({ avatar }),
        (thrown: unknown) => {
          if (!(thrown instanceof AppFailure)) throw thrown;
          // A picture that cannot be shown is no reason to show no name, and one that cannot be had now none to forget it.
          return cannotBeShown(thrown) ? { avatar: null } : {};
        },
      );
      await this.#sessions.update(accountId, { ...entry, ...change });
    } else {
      await this.#sessions.update(accountId, entry);
    }
  }

  async #isKept(accountId: AccountId, mxc: string): Promise<boolean> {
    return this.#sessions.avatarMxc(accountId) === mxc && (await this.#avatars.read(accountId)) !== null;
  }
}

const profilePath = (userId: string): string => `/_matrix/client/v3/profile/${encodeURIComponent(userId)}`;

/** Whether asking again would not help: it is no picture, or the server refuses it. */
function cannotBeShown({ error }: AppFailure): boolean {
  return error.kind === "bad_answer" || error.kind === "not_found" || (error.kind === "server" && error.status < 500);
}
