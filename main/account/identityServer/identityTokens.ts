import * as z from "zod";
import { fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { AccessToken, KeepOutOfLogs } from "../../../shared/secret.ts";
import { secretText } from "../../../shared/secretSchemas.ts";
import type { Fetch } from "../../http/redirects.ts";
import type { SecretStore } from "../../secrets/secretStore.ts";
import { hostOf, type IdentityAccess, IdentityTokenRefused, logOut, register } from "./identityApi.ts";
import type { AccountAt } from "./namedServer.ts";

const Kept = z.object({ baseUrl: z.string(), token: secretText("access token") });
type Kept = z.infer<typeof Kept>;

const OpenIdToken = z.object({ access_token: secretText("access token", z.string().min(1)) }).loose();

export interface IdentityTokensParts {
  secretStore: Pick<SecretStore, "read" | "update">;
  fetch: Fetch;
  keepOutOfLogs: KeepOutOfLogs;
}

/** By what identity servers know the accounts: a token for each account, sealed beside its other secrets. */
export class IdentityTokens {
  readonly #parts: IdentityTokensParts;

  constructor(parts: IdentityTokensParts) {
    this.#parts = parts;
  }

  /** Whether the person has connected the account to this server. @throws what the secret store throws */
  async isConnected(accountId: AccountId, baseUrl: string): Promise<boolean> {
    return (await this.#kept(accountId))?.baseUrl === baseUrl;
  }

  /**
   * Proves to a server whose account it is, and keeps what it is known by from then on, in place of what another knew it by.
   * Where that or what follows fails, what the one before knows it by is kept, and this one forgets it.
   *
   * @param choose has the account name this server, once nothing else can fail
   * @throws what either server answers, the secret store, and what `choose` throws
   */
  async connect(
    accountId: AccountId,
    account: AccountAt,
    baseUrl: string,
    choose: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const { fetch, keepOutOfLogs } = this.#parts;
    const { homeserver, userId, signal } = account;
    const openId = await homeserver.json({
      method: "POST",
      path: `/_matrix/client/v3/user/${encodeURIComponent(userId)}/openid/request_token`,
      body: {},
      signal,
      schema: OpenIdToken,
    });
    keepOutOfLogs(openId.access_token);
    const token = await register({ fetch, baseUrl, signal }, openId);
    keepOutOfLogs(token);
    const before = await this.#kept(accountId);
    try {
      await this.#keep(accountId, { baseUrl, token });
      try {
        await choose();
      } catch (thrown) {
        // Where this fails as well, the account has to be connected again.
        await this.#keep(accountId, before).catch(() => undefined);
        throw thrown;
      }
    } catch (thrown) {
      await this.#logOut({ baseUrl, token }, signal);
      throw thrown;
    }
    if (before !== null && before.baseUrl !== baseUrl) await this.#logOut(before, signal);
  }

  /** Forgets what an account is known by, here and there. @throws what the secret store throws */
  async disconnect(accountId: AccountId, signal: AbortSignal): Promise<void> {
    const kept = await this.#kept(accountId);
    if (kept === null) return;
    await this.#keep(accountId, null);
    await this.#logOut(kept, signal);
  }

  /**
   * Asks a server something as the account. A token that it does not know any more is replaced once.
   *
   * @throws `conversation_over` where the account is not connected to it, and what `question` throws
   */
  async as<T>(
    accountId: AccountId,
    account: AccountAt,
    baseUrl: string,
    question: (access: IdentityAccess & { token: AccessToken }) => Promise<T>,
  ): Promise<T> {
    const { fetch, keepOutOfLogs } = this.#parts;
    for (let replaced = false; ; replaced = true) {
      const kept = await this.#kept(accountId);
      if (kept?.baseUrl !== baseUrl) throw fail("conversation_over");
      keepOutOfLogs(kept.token);
      try {
        return await question({ fetch, baseUrl, token: kept.token, signal: account.signal });
      } catch (thrown) {
        if (!(thrown instanceof IdentityTokenRefused)) throw thrown;
        if (replaced) throw fail("not_allowed_by_identity_server", { host: hostOf(baseUrl) });
        await this.connect(accountId, account, baseUrl);
      }
    }
  }

  async #logOut({ baseUrl, token }: Kept, signal: AbortSignal): Promise<void> {
    // Sent also where nobody waits any more. Should it get lost: the server forgets by itself whom it has not seen for long,
    // and nobody has the token any more.
    await logOut({ fetch: this.#parts.fetch, baseUrl, token, signal }).catch(() => undefined);
  }

  async #keep(accountId: AccountId, kept: Kept | null): Promise<void> {
    await this.#parts.secretStore.update(accountId, ({ identityServer: _, ...secrets }) =>
      kept === null ? secrets : { ...secrets, identityServer: JSON.stringify(z.encode(Kept, kept)) },
    );
  }

  async #kept(accountId: AccountId): Promise<Kept | null> {
    const read = await this.#parts.secretStore.read(accountId);
    if (read.kind !== "found" || read.secrets.identityServer === undefined) return null;
    try {
      return Kept.parse(JSON.parse(read.secrets.identityServer));
    } catch {
      // What cannot be read any more is as good as never connected.
      return null;
    }
  }
}
