import * as z from "zod";
import { UserColumn } from "../../../shared/contract/bulk.ts";
import { type DamagedFile, JsonFile } from "../../storage/jsonFile.ts";
import type { ColumnMapping } from "./userColumns.ts";

/** Of so many kinds of files it is remembered what their columns are. */
const MAX_KNOWN = 50;

const Known = z.object({ headings: z.array(z.string()), columns: z.array(UserColumn.nullable().catch(null)) });

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

  /** Null where nobody has said it. @throws `data_too_new`, `file_failed` */
  async find(headings: readonly string[]): Promise<ColumnMapping | null> {
    const files = (await this.#file.read())?.files ?? [];
    const known = files.find((file) => isSame(file.headings, headings));
    return known ? { columns: known.columns, hasHeader: true } : null;
  }

  /** Forgets those that were said first, where there are too many. @throws `data_too_new`, `file_failed` */
  async remember(headings: readonly string[], { columns, hasHeader }: ColumnMapping): Promise<void> {
    // The first row of such a file is of a user.
    if (!hasHeader) return;
    await this.#file.update((now) => {
      const others = (now?.files ?? []).filter((file) => !isSame(file.headings, headings));
      return { ...now, files: [...others, { headings: [...headings], columns: [...columns] }].slice(-MAX_KNOWN) };
    });
  }
}
