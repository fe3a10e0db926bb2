import * as z from "zod";
import type { Handlers } from "../../shared/contract/index.ts";
import { SavedView, UserListColumn, type UserViews } from "../../shared/contract/userViews.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { type DamagedFile, JsonFile } from "../storage/jsonFile.ts";
import { newId } from "../storage/newId.ts";

/** As many as a menu can show. */
const MAX_VIEWS = 100;
const FIRST_COLUMNS: UserListColumn[] = ["states", "createdAt", "lastSeenAt"];

/** What a later version has added, or means by a view, stays where this one writes. */
const ViewsData = z.looseObject({ views: z.array(z.unknown()), columns: z.array(z.unknown()).nullish() });
type ViewsData = z.infer<typeof ViewsData>;

type Requests = Handlers["userViews"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

const viewOf = (kept: unknown): SavedView | null => SavedView.safeParse(kept).data ?? null;

/** How the lists of users are looked at: the handlers of the contract's domain `userViews`. Of users there is what was searched for. */
export class UserViewsService implements Requests {
  readonly #file: JsonFile<ViewsData>;

  constructor({ path, onDamaged }: { path: string; onDamaged: (damaged: DamagedFile) => void }) {
    this.#file = new JsonFile({ path, schema: ViewsData, version: 1, onDamaged });
  }

  list = async ({ accountId }: Input<"list">): Promise<UserViews> => shownTo(accountId, await this.#file.read());

  setColumns = ({ accountId, columns }: Input<"setColumns">) => this.#update(accountId, (now) => ({ ...now, columns }));

  save = ({ accountId, name, everywhere, filter, columns }: Input<"save">) =>
    this.#update(accountId, (now) => {
      const view: SavedView = { id: newId<ConversationId>(), name, accountId: everywhere ? null : accountId, filter, columns };
      const others = now.views.filter((kept) => {
        const one = viewOf(kept);
        return one?.accountId !== view.accountId || one.name.toLowerCase() !== name.toLowerCase();
      });
      if (others.length >= MAX_VIEWS) throw fail("invalid_input", { issues: ["views: as many as are kept"] });
      return { ...now, views: [...others, view] };
    });

  remove = ({ accountId, id }: Input<"remove">) =>
    this.#update(accountId, (now) => ({ ...now, views: now.views.filter((kept) => viewOf(kept)?.id !== id) }));

  /** Forgets the views of an account that goes. @throws `data_too_new`, `file_failed` */
  async forgetAccount(accountId: AccountId): Promise<void> {
    if ((await this.list({ accountId })).views.some((view) => view.accountId === accountId)) {
      await this.#update(accountId, (now) => ({ ...now, views: now.views.filter((kept) => viewOf(kept)?.accountId !== accountId) }));
    }
  }

  async #update(accountId: AccountId, change: (now: ViewsData) => ViewsData): Promise<UserViews> {
    return shownTo(accountId, await this.#file.update((now) => change(now ?? { views: [] })));
  }
}

function shownTo(accountId: AccountId, data: ViewsData | null): UserViews {
  const views = (data?.views ?? [])
    .flatMap((kept) => viewOf(kept) ?? [])
    .filter((view) => view.accountId === null || view.accountId === accountId);
  const columns = data?.columns?.flatMap((column) => UserListColumn.safeParse(column).data ?? []);
  return { views: views.sort((a, b) => a.name.localeCompare(b.name)), columns: columns ?? FIRST_COLUMNS };
}
