import { join } from "node:path";
import * as z from "zod";
import { ActionLog } from "../../main/admin/actionLog.ts";
import { UserViewsService } from "../../main/admin/userViews.ts";
import { KnownColumns } from "../../main/admin/csv/knownColumns.ts";
import { AutostartFile, autostartPath } from "../../main/app/autostartFile.ts";
import { EndedAccounts } from "../../main/account/deactivation/endedAccounts.ts";
import { AccountIndex } from "../../main/storage/accountIndex.ts";
import { damagedCopiesIn, removeOldCopies } from "../../main/storage/damagedCopies.ts";
import { removeDurably, renameDurably, writeDurably } from "../../main/storage/durableFile.ts";
import { files } from "../../main/storage/fileLayer.ts";
import { Folders } from "../../main/storage/folders.ts";
import { JsonFile } from "../../main/storage/jsonFile.ts";
import { newId } from "../../main/storage/newId.ts";
import { SettingsFile } from "../../main/storage/settingsFile.ts";
import { AccountId } from "../../shared/ids.ts";
import type { PowerCutDisk } from "./powerCutDisk.ts";
import type { Work } from "./powerCuts.ts";

export const HOME = "/home/ada/steward";
export const folders = new Folders(HOME);

/** A file that went bad and was put aside has lost what it said. */
export const onDamaged = (): never => {
  throw new Error("a file was damaged");
};

/** The content of a file, or null where there is none. */
export async function textOf(path: string): Promise<string | null> {
  try {
    return (await files().readFile(path)).toString();
  } catch {
    return null;
  }
}

/** Puts a file there, with the folder it is in. */
export async function existing(path: string, text: string): Promise<void> {
  await files().mkdir(join(path, ".."), 0o700);
  await writeDurably(path, text);
}

/** What lies in a file by itself, with its steps. */
export const fileWorks: Record<string, (disk: PowerCutDisk) => Work<unknown> | Promise<Work<unknown>>> = {
  "one file": async () => {
    const path = `${HOME}/file`;
    await files().mkdir(HOME, 0o700);
    return {
      before: null,
      steps: [
        [() => writeDurably(path, "first"), "first"],
        [() => writeDurably(path, "the second one"), "the second one"],
        [() => writeDurably(path, "3"), "3"],
        [() => renameDurably(path, `${path}-there`), "there 3"],
        [() => renameDurably(`${path}-there`, path), "3"],
        [() => removeDurably(path), null],
      ],
      read: async () =>
        (await textOf(path)) ?? ((await textOf(`${path}-there`)) === null ? null : `there ${await textOf(`${path}-there`)}`),
    };
  },

  "a JSON file and its copy": async () => {
    await folders.prepare();
    const open = (): JsonFile<{ count: number }> =>
      new JsonFile({ path: folders.settingsFile, schema: z.object({ count: z.number() }), version: 1, onDamaged });
    const file = open();
    return {
      before: null,
      steps: [
        [() => file.write({ count: 1 }), { count: 1 }],
        [() => file.write({ count: 2 }), { count: 2 }],
        [() => file.write({ count: 3 }, { forgetting: true }), { count: 3 }],
        [() => file.update((now) => ({ count: (now?.count ?? 0) + 1 })), { count: 4 }],
        [() => file.remove(), null],
        [() => file.write({ count: 5 }), { count: 5 }],
      ],
      read: () => open().read(),
    };
  },

  "what starts it at sign-in": () => {
    const path = autostartPath({ HOME: "/home/ada" });
    const file = new AutostartFile(path, ["/opt/steward", "--hidden"]);
    return {
      before: [false, false],
      steps: [
        [() => file.set(true), [true, true]],
        [() => file.set(true), [true, true]],
        [() => file.set(false), [false, false]],
      ],
      // It is there whole, or not at all.
      read: async () => [await file.isOn(), (await textOf(path))?.endsWith("enabled=true\n") ?? false],
    };
  },

  "the log of what admins did": async () => {
    await folders.prepare();
    const open = (): ActionLog => new ActionLog({ path: folders.actionLogFile, onDamaged });
    const log = open();
    const begin = (target: string) => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let ended: Promise<void> = held;
      const written = () =>
        new Promise<void>((resolve, reject) => {
          ended = log.record({ actor: "@boss:example.org", target, action: "lock" }, () => {
            resolve();
            return held;
          });
          ended.catch(reject);
        });
      const end = (): Promise<void> => {
        release();
        return ended;
      };
      return { written, end };
    };
    const [ann, bob] = [begin("@ann:example.org"), begin("@bob:example.org")];
    return {
      before: [],
      steps: [
        [ann.written, ["@ann:example.org begun"]],
        [ann.end, ["@ann:example.org done"]],
        [bob.written, ["@bob:example.org begun", "@ann:example.org done"]],
        [bob.end, ["@bob:example.org done", "@ann:example.org done"]],
      ],
      read: async () => (await open().list()).map(({ target, result }) => `${target} ${result}`),
    };
  },

  "what the columns of CSV files are": async () => {
    await folders.prepare();
    const open = (): KnownColumns => new KnownColumns({ path: folders.knownColumnsFile, onDamaged });
    const known = open();
    const [one, other] = [
      ["Kennung", "Name"],
      ["Kennung", "Mail"],
    ];
    const read = async () => Promise.all([one, other].map(async (headings) => (await open().find(headings))?.columns ?? null));
    return {
      before: [null, null],
      steps: [
        [() => known.remember(one, { columns: ["id", "displayname"], hasHeader: true }), [["id", "displayname"], null]],
        [
          () => known.remember(other, { columns: ["id", "emails"], hasHeader: true }),
          [
            ["id", "displayname"],
            ["id", "emails"],
          ],
        ],
        [
          () => known.remember(one, { columns: ["id", null], hasHeader: true }),
          [
            ["id", null],
            ["id", "emails"],
          ],
        ],
      ],
      read,
    };
  },

  "how lists of users are looked at": async () => {
    await folders.prepare();
    const open = (): UserViewsService => new UserViewsService({ path: folders.userViewsFile, onDamaged });
    const views = open();
    const accountId = newId<AccountId>();
    const filter = { search: "", kind: "bots", seen: "any", withoutHidden: true, sort: "name", descending: false } as const;
    return {
      before: [3],
      steps: [
        [() => views.setColumns({ accountId, columns: ["states"] }), [1]],
        [() => views.save({ accountId, name: "Bots", everywhere: false, filter, columns: [] }), [1, "Bots"]],
        [() => views.forgetAccount(accountId), [1]],
      ],
      read: async () => {
        const { columns, views: kept } = await open().list({ accountId });
        return [columns.length, ...kept.map(({ name }) => name)];
      },
    };
  },

  "the settings": async () => {
    await folders.prepare();
    const open = (): SettingsFile => new SettingsFile({ path: folders.settingsFile, onDamaged });
    const settings = open();
    const bounds = { x: 1, y: 2, width: 3, height: 4, maximized: false, zoomFactor: 1 };
    return {
      before: ["system", null],
      steps: [
        [() => settings.updateSettings({ theme: "dark" }), ["dark", null]],
        [() => settings.keepWindowBounds(bounds), ["dark", bounds]],
        [() => settings.updateSettings({ theme: "light" }), ["light", bounds]],
      ],
      read: async () => [(await open().settings()).theme, await open().windowBounds()],
    };
  },

  "copies of files, once they are old": async (disk) => {
    await folders.prepare();
    const open = () => new JsonFile({ path: folders.settingsFile, schema: z.object({ count: z.number() }), version: 1, onDamaged });
    const daysAgo = (days: number): Date => new Date(Date.now() - days * 24 * 60 * 60 * 1000);
    disk.clock = () => daysAgo(100).getTime();
    const before = open();
    for (const count of [1, 2]) await before.write({ count });
    for (const days of [1, 2, 3, 4, 100]) {
      await existing(`${folders.settingsFile}.damaged-${daysAgo(days).toISOString().replaceAll(/[:.]/g, "-")}`, "[");
    }
    disk.clock = Date.now;
    const kept = (copy: number, damaged: number) => ({ copy, damaged });
    return {
      before: kept(1, 5),
      steps: [
        [() => open().read(), kept(2, 5)],
        [() => removeOldCopies(folders.root, () => []), kept(2, 3), [kept(2, 4)]],
      ],
      read: async () => {
        const { data } = JSON.parse((await textOf(`${folders.settingsFile}.bak`)) ?? "") as { data: { count: number } };
        return kept(data.count, (await damagedCopiesIn(folders.root)).length);
      },
    };
  },

  "what is told of accounts that were deactivated": async () => {
    await folders.prepare();
    const open = (): EndedAccounts => new EndedAccounts({ path: folders.endedAccountsFile, onDamaged });
    const ended = open();
    const told = (name: string) => ({
      userId: `@${name}:example.org` as never,
      erased: true,
      at: 1,
      foundOutLater: false,
      unboundEverywhere: true,
    });
    const names = (...of: string[]) => of.map((name) => `@${name}:example.org`);
    return {
      before: [],
      steps: [
        [() => ended.add(told("ada")), names("ada")],
        [() => ended.add(told("grace")), names("ada", "grace")],
        [() => ended.add(told("ada")), names("ada", "grace")],
        [() => ended.forget("@ada:example.org"), names("grace")],
        [() => ended.forget("@grace:example.org"), []],
      ],
      read: async () => (await open().list()).map(({ userId }) => userId),
    };
  },

  "a list of accounts of version 1": async () => {
    const [accountId, other] = [AccountId.parse("abcdefgh01234567"), AccountId.parse("abcdefgh76543210")];
    const open = (): AccountIndex => new AccountIndex({ path: folders.accountIndexFile, onDamaged, onUnreadableEntries: onDamaged });
    const entry = {
      userId: "@a:example.org",
      deviceId: "A",
      homeserver: { serverName: "example.org", baseUrl: "https://example.org" },
      createdAt: 1,
    };
    const listed = [
      { ...entry, accountId, displayName: "Ada" },
      { ...entry, accountId: other, displayName: "Grace" },
    ];
    await existing(folders.accountIndexFile, JSON.stringify({ version: 1, data: { accounts: listed } }));
    const index = open();
    await index.load();
    return {
      before: ["Ada", "Grace"],
      steps: [
        [() => index.reorder([other]), ["Grace", "Ada"]],
        [() => index.remove(other), ["Ada"]],
      ],
      read: async () => {
        const read = open();
        const names = (await read.load()).map(({ displayName }) => displayName);
        await read.settled();
        const forgotten = read.get(other) !== null || !(await textOf(`${HOME}/account-cache.json`))?.includes(other);
        return forgotten ? names : [...names, "Grace, who is not listed"];
      },
    };
  },
};
