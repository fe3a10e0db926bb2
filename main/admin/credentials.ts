import * as z from "zod";
import type { Credentials as Shown } from "../../shared/contract/newUsers.ts";
import type { PasswordChoice } from "../../shared/contract/userActions.ts";
import { fail } from "../../shared/errors.ts";
import { type AccountId, ConversationId, UserId } from "../../shared/ids.ts";
import type { KeepOutOfLogs, Password, Secret } from "../../shared/secret.ts";
import { secretText } from "../../shared/secretSchemas.ts";
import type { phraseStrength } from "../secrets/phraseStrength.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { newId } from "../storage/newId.ts";
import { inFileName, type SuggestedName } from "../storage/suggestedName.ts";
import { generatePassword } from "./generatePassword.ts";

/** The score that a password needs which an admin types for somebody, of zxcvbn's 0 to 4. */
const GOOD_PASSWORD_SCORE = 3;
/** Of those that nobody fetched, the oldest go. */
const MAX_WAITING = 100;

const Kept = z.array(z.object({ credentialsId: ConversationId, userId: UserId, password: secretText("password"), isSet: z.boolean() }));
type Kept = z.output<typeof Kept>;
/** As they are held here; the window is shown the password itself. */
type Held = Omit<Shown, "password"> & { password: Password };

export interface CredentialsParts {
  secretStore: Pick<SecretStore, "read" | "update">;
  keepOutOfLogs: KeepOutOfLogs;
  phraseStrength: typeof phraseStrength;
  /** The ways to take a password elsewhere. Each answers whether it was done. */
  ports: {
    copyText(text: Secret): Promise<void>;
    saveText(file: { suggestedName: SuggestedName; text: string | Secret }): Promise<boolean>;
    print(): Promise<boolean>;
  };
}

/**
 * Passwords of users that are still to be handed out. They are sealed among the secrets of the admin's account before they
 * are sent to the server, so that none is lost with the app, and deleted when the person says that they have them.
 */
export class Credentials {
  readonly #parts: CredentialsParts;

  constructor(parts: CredentialsParts) {
    this.#parts = parts;
  }

  /** How hard a password is to guess for somebody who knows whose it is. */
  strength(userId: string, password: Password) {
    return this.#parts.phraseStrength(password, [userId], GOOD_PASSWORD_SCORE);
  }

  /**
   * The password that was chosen, sealed before anybody gets it; null for none.
   *
   * @throws `password_refused` where a typed one is too easy to guess, and what the secret store throws
   */
  async choose(accountId: AccountId, userId: string, choice: PasswordChoice): Promise<Held | null> {
    if (choice.kind === "none") return null;
    if (choice.kind === "own" && !(await this.strength(userId, choice.password)).good) {
      throw fail("password_refused", { reason: "guessable" });
    }
    const password = choice.kind === "own" ? choice.password : generatePassword();
    this.#parts.keepOutOfLogs(password);
    const made = { credentialsId: newId<ConversationId>(), userId, password, isSet: false };
    await this.#update(accountId, (before) => [...before, made].slice(-MAX_WAITING));
    return made;
  }

  /** The server has said that the password is set. @throws what the secret store throws */
  async confirm(accountId: AccountId, credentialsId: ConversationId): Promise<void> {
    await this.#update(accountId, (before) =>
      before.map((kept) => (kept.credentialsId === credentialsId ? { ...kept, isSet: true } : kept)),
    );
  }

  /** @throws what the secret store throws */
  async waiting(accountId: AccountId): Promise<Omit<Held, "password">[]> {
    return (await this.#all(accountId)).map(({ credentialsId, userId, isSet }) => ({ credentialsId, userId, isSet }));
  }

  /** @throws `conversation_over` where they are gone, and what the secret store throws */
  async show(accountId: AccountId, credentialsId: ConversationId): Promise<Held> {
    const found = (await this.#all(accountId)).find((kept) => kept.credentialsId === credentialsId);
    if (!found) throw fail("conversation_over");
    return found;
  }

  /** Takes them elsewhere. @returns whether it was done. @throws as `show`, and `file_failed` */
  async keep(accountId: AccountId, credentialsId: ConversationId, how: "copy" | "save" | "print"): Promise<boolean> {
    const { ports } = this.#parts;
    const { userId, password } = await this.show(accountId, credentialsId);
    if (how === "print") return ports.print();
    if (how === "copy") {
      await ports.copyText(password);
      return true;
    }
    const suggestedName = { holds: "password", of: inFileName(userId), ending: "txt" } as const;
    return ports.saveText({ suggestedName, text: password.between(`${userId}\n`, "\n") });
  }

  /** Deletes them. @throws what the secret store throws */
  async forget(accountId: AccountId, credentialsId: ConversationId): Promise<void> {
    await this.#update(accountId, (before) => before.filter((kept) => kept.credentialsId !== credentialsId));
  }

  async #all(accountId: AccountId): Promise<Kept> {
    const read = await this.#parts.secretStore.read(accountId);
    return read.kind === "found" ? parse(read.secrets.passwordsToHandOut) : [];
  }

  async #update(accountId: AccountId, change: (before: Kept) => Kept): Promise<void> {
    await this.#parts.secretStore.update(accountId, (secrets) => ({
      ...secrets,
      passwordsToHandOut: JSON.stringify(z.encode(Kept, change(parse(secrets.passwordsToHandOut)))),
    }));
  }
}

function parse(text: string | undefined): Kept {
  return text === undefined ? [] : Kept.parse(JSON.parse(text));
}
