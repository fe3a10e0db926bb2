import type { MatrixClient } from "matrix-js-sdk";
import * as z from "zod";
import type { Profile } from "../../shared/contract/profile.ts";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { Avatars } from "./avatars.ts";

const ServerProfile = z.object({
  displayname: z.string().max(2048).nullish().catch(null),
  avatar_url: z.string().max(2048).startsWith("mxc://").nullish().catch(null),
});

/** An account's display name and picture, on the server and as this computer remembers them. */
export class ProfileService {
  readonly #sessions: SessionManager;
  readonly #avatars: Avatars;

  constructor(sessions: SessionManager, avatars: Avatars) {
    this.#sessions = sessions;
    this.#avatars = avatars;
  }

  /** Reads the profile from the server and remembers it. Throws what the session or the server throws. */
  async get(accountId: AccountId): Promise<Profile> {
    return this.#sessions.session(accountId).use(async (client, signal) => {
      const [limit, capabilities] = await Promise.all([
        this.#uploadLimit(client),
        client.getCapabilities(),
        this.#refresh(accountId, client, signal),
      ]);
      const account = this.#sessions.account(accountId);
      const allows = (name: "m.set_displayname" | "m.set_avatar_url"): boolean => capabilities[name]?.enabled !== false;
      return {
        displayName: account.displayName,
        avatarPath: account.avatarPath,
        uploadLimitBytes: limit,
        canChangeDisplayName: allows("m.set_displayname"),
        canChangeAvatar: allows("m.set_avatar_url"),
      };
    });
  }

  /** An empty name removes it. Throws `not_allowed_by_server`, and what the server says. */
  async setDisplayName(accountId: AccountId, displayName: string): Promise<Profile> {
    await this.#sessions.session(accountId).use((client) => this.#allowed(client.setDisplayName(displayName)));
    return this.get(accountId);
  }

  /**
   * Uploads a picture and shows it. The size is compared with the server's limit before anything is sent.
   * Throws `too_large`, `not_allowed_by_server`, and what the server says.
   */
  async setAvatar(accountId: AccountId, image: Uint8Array, mimeType: string): Promise<Profile> {
    const session = this.#sessions.session(accountId);
    await session.use(async (client) => {
      const limitBytes = await this.#uploadLimit(client);
      if (limitBytes !== null && image.byteLength > limitBytes) throw fail("too_large", { limitBytes });
      const blob = new Blob([new Uint8Array(image)], { type: mimeType });
      const { content_uri: mxc } = await client.uploadContent(blob, { type: mimeType, includeFilename: false });
      await this.#allowed(client.setAvatarUrl(mxc));
      await this.#sessions.update(accountId, {
        avatar: await this.#avatars.keep(accountId, mxc, image, session.host),
      });
    });
    return this.get(accountId);
  }

  /** Takes the picture away. Synapse fails on an undefined URL, so an empty one is sent. */
  async removeAvatar(accountId: AccountId): Promise<Profile> {
    await this.#sessions.session(accountId).use((client) => this.#allowed(client.setAvatarUrl("")));
    return this.get(accountId);
  }

  async #refresh(accountId: AccountId, client: MatrixClient, ended: AbortSignal): Promise<void> {
    const answer = await client.getProfileInfo(client.getSafeUserId()).catch((thrown: unknown) => {
      // A new account without a profile of any kind.
      if (isNotFound(thrown)) return {};
      throw thrown;
    });
    const { displayname, avatar_url: mxc } = ServerProfile.catch({}).parse(answer);
    const { avatarPath } = this.#sessions.account(accountId);
    const entry = { displayName: displayname || null };
    if (!mxc) {
      await this.#avatars.remove(accountId);
      await this.#sessions.update(accountId, { ...entry, avatar: null });
    } else if (avatarPath === null || !(await this.#isKept(accountId, mxc))) {
      const change = await this.#avatars.fetch(accountId, client, mxc, ended).then(
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

  async #uploadLimit(client: MatrixClient): Promise<number | null> {
    try {
      const { "m.upload.size": limit } = await client.getMediaConfig(true);
      return typeof limit === "number" && Number.isInteger(limit) && limit > 0 ? limit : null;
    } catch {
      return null;
    }
  }

  async #allowed(request: Promise<unknown>): Promise<void> {
    try {
      await request;
    } catch (thrown) {
      if (isForbidden(thrown)) throw new AppFailure({ kind: "not_allowed_by_server" }, { cause: thrown });
      throw thrown;
    }
  }
}

const hasErrcode = (thrown: unknown, errcode: string): boolean =>
  thrown instanceof Error && "errcode" in thrown && thrown.errcode === errcode;

/** Whether asking again would not help: it is no picture, or the server refuses it. */
function cannotBeShown({ error }: AppFailure): boolean {
  return error.kind === "bad_answer" || error.kind === "not_found" || (error.kind === "server" && error.status < 500);
}

function isNotFound(thrown: unknown): boolean {
  return isFailure(thrown, "not_found") || hasErrcode(thrown, "M_NOT_FOUND");
}

function isForbidden(thrown: unknown): boolean {
  return isFailure(thrown, "forbidden") || hasErrcode(thrown, "M_FORBIDDEN");
}
