import * as z from "zod";
import { UserColumn } from "../../../shared/contract/bulk.ts";
import { type DamagedFile, JsonFile } from "../../storage/jsonFile.ts";
import { type ColumnMapping, guessColumns } from "./userColumns.ts";

/** Of so many kinds of files it is remembered what their columns are. */
const MAX_KNOWN = 50;

const Known = z.object({
  headings: z.array(z.string()),
  columns: z.array(UserColumn.nullable().catch(null)),
  /** What the columns could be said to be; where it is not known, whatever bulk work reads. */
  offered: z.array(z.string()).optional(),
});
/** Those of a list of staff, which no bulk work reads. */
const STAFF_ONLY: readonly string[] = ["server", "active"] satisfies UserColumn[];

/** What a later version has added stays where this one writes. */
const KnownData = z.looseObject({ files: z.array(Known.loose()) });

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((heading, at) => heading === b[at]);

/** What the person said that the columns of files are, by their first rows. Of users there is nothing in it. */
export class KnownColumns {
  readonly #file: JsonFile<z.infer<typeof KnownData>>;

  constructor({ path, onDamaged }: { path: string; onDamaged: (damaged: DamagedFile) => void }) {
    this.#file = new JsonFile({ path, schema: KnownData, version: 1, onDamaged });
  }

  /**
   * Null where nobody has said it. A column that could not be said to be what its name says was not left out: it is what its name says.
   *
   * @throws `data_too_new`, `file_failed`
   */
  async find(headings: readonly string[]): Promise<ColumnMapping | null> {
    const files = (await this.#file.read())?.files ?? [];
    const known = files.find((file) => isSame(file.headings, headings));
    if (!known) return null;
    const { columns: said, offered } = known;
    const { columns: guessed } = guessColumns(headings);
    const wasOffered = (column: UserColumn): boolean => (offered ? offered.includes(column) : !STAFF_ONLY.includes(column));
    const columns = headings.map((_, at) => {
      const [one, guess] = [said[at] ?? null, guessed[at] ?? null];
      return one !== null || guess === null || wasOffered(guess) || said.includes(guess) ? one : guess;
    });
    return { columns, hasHeader: true };
  }

  /**
   * Forgets those that were said first, where there are too many.
   *
   * @param offered what the columns could be said to be
   * @throws `data_too_new`, `file_failed`
   */
  async remember(headings: readonly string[], { columns, hasHeader }: ColumnMapping, offered?: readonly UserColumn[]): Promise<void> {
    // The first row of such a file is of a user.
    if (!hasHeader) return;
    await this.#file.update((now) => {
      const others = (now?.files ?? []).filter((file) => !isSame(file.headings, headings));
      return {
        ...now,
        files: [...others, { headings: [...headings], columns: [...columns], ...(offered && { offered: [...offered] }) }].slice(-MAX_KNOWN),
      };
    });
  }
}
