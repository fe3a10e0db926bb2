import type { AppWindow, Person } from "./person.ts";

/** The page "Secure Backup" as a person uses it. */
export class SecureBackupPage {
  readonly #person: Person<AppWindow>;

  constructor(person: Person<AppWindow>) {
    this.#person = person;
  }

  /** The Security Key that is being shown, in groups with spaces. */
  async shownKey(): Promise<string> {
    const groups = this.#person.page.getByRole("group", { name: "Your Security Key" }).locator("span");
    await groups.first().waitFor();
    return (await groups.allInnerTexts()).join(" ");
  }

  /** Answers the Challenge with a password. */
  async confirmWith(password: string): Promise<void> {
    await this.#person.type("Account password", password);
    await this.#person.press("Confirm");
  }

  /** Waits until a set-up has ended and says that it was checked. */
  async isChecked(): Promise<void> {
    await this.#person.sees("Steward opened it with your key, and the private keys match the public ones.");
  }

  /** Hands in a Security Key or Phrase where there is a Secure Backup to be opened. */
  async unlockWith(keyOrPhrase: string): Promise<void> {
    await this.#person.type("Security Key or Security Phrase", keyOrPhrase);
    await this.#person.press("Unlock");
  }

  /** Hands in a Security Key where there is no phrase. */
  async unlockKeyWith(securityKey: string): Promise<void> {
    await this.#person.type("Security Key", securityKey);
    await this.#person.press("Unlock");
  }

  /** The table of secrets: what each is, how it is on the server, and in this session. */
  async secrets(): Promise<string[][]> {
    const rows = this.#person.page.getByRole("table", { name: "State of each secret" }).locator("tbody tr");
    await rows.first().waitFor();
    return Promise.all((await rows.all()).map((row) => row.locator("th, td").allInnerTexts()));
  }
}
