import * as z from "zod";
import { EndedAccount } from "../../../shared/contract/deactivation.ts";
import { type DamagedFile, JsonFile } from "../../storage/jsonFile.ts";

/** What a later version has added stays where this one writes. */
const EndedData = z.looseObject({ ended: z.array(EndedAccount.loose()) });

/** What is told of accounts that were deactivated, until the person has read it. */
export class EndedAccounts {
  readonly #file: JsonFile<z.infer<typeof EndedData>>;

  constructor({ path, onDamaged }: { path: string; onDamaged: (damaged: DamagedFile) => void }) {
    this.#file = new JsonFile({ path, schema: EndedData, version: 1, onDamaged });
  }

  /** @throws `data_too_new`, `file_failed` */
  async list(): Promise<EndedAccount[]> {
    return (await this.#file.read())?.ended ?? [];
  }

  /** Adds one, unless it is there already. @throws `data_too_new`, `file_failed` */
  async add(account: EndedAccount): Promise<EndedAccount[]> {
    const { ended } = await this.#file.update((now) => {
      const before = now?.ended ?? [];
      return { ...now, ended: before.some(({ userId }) => userId === account.userId) ? before : [...before, account] };
    });
    return ended;
  }

  /** Forgets one, in the copy of the file too. @throws `data_too_new`, `file_failed` */
  async forget(userId: string): Promise<EndedAccount[]> {
    const now = await this.#file.read();
    const ended = (now?.ended ?? []).filter((account) => account.userId !== userId);
    await this.#file.write({ ...now, ended }, { forgetting: true });
    return ended;
  }
}
