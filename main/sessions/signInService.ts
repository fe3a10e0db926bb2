import type { Handlers } from "../../shared/contract/index.ts";
import type { Homeserver } from "../../shared/contract/signIn.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Fetch } from "../http/redirects.ts";
import type { SettingsFile } from "../storage/settingsFile.ts";
import type { PasswordSignIns } from "./credentials/passwordSignIns.ts";
import { findHomeserver } from "./discovery.ts";

export interface SignInServiceParts {
  passwords: PasswordSignIns;
  homeservers: Pick<SettingsFile, "homeservers" | "keepHomeserver" | "forgetHomeservers">;
  fetch: Fetch;
}

type Requests = Pick<
  Handlers["signIn"],
  "findHomeserver" | "recentHomeservers" | "rememberHomeserver" | "forgetHomeservers" | "withPassword" | "again"
>;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];
type Recent = Promise<{ inputs: string[] }>;

/** Finding a homeserver, and signing in there with a password. */
export class SignInService implements Requests {
  readonly #parts: SignInServiceParts;

  constructor(parts: SignInServiceParts) {
    this.#parts = parts;
  }

  /** @throws as `findHomeserver` in discovery does */
  findHomeserver({ input }: Input<"findHomeserver">): Promise<Homeserver> {
    return findHomeserver(input, this.#parts.fetch);
  }

  /** @throws `data_too_new`, `file_failed` */
  async recentHomeservers(): Recent {
    return { inputs: await this.#parts.homeservers.homeservers() };
  }

  /** @throws `data_too_new`, `file_failed` */
  async rememberHomeserver({ input }: Input<"rememberHomeserver">): Recent {
    return { inputs: await this.#parts.homeservers.keepHomeserver(input) };
  }

  /** @throws `data_too_new`, `file_failed` */
  async forgetHomeservers(): Recent {
    await this.#parts.homeservers.forgetHomeservers();
    return { inputs: [] };
  }

  /** @throws as `PasswordSignIns.signIn` does */
  async withPassword(request: Input<"withPassword">): Promise<{ accountId: AccountId }> {
    return { accountId: await this.#parts.passwords.signIn(request) };
  }

  /** @throws as `PasswordSignIns.signInAgain` does */
  async again({ accountId, password }: Input<"again">): Promise<Record<never, never>> {
    await this.#parts.passwords.signInAgain(accountId, password);
    return {};
  }
}
