import { join } from "node:path";
import { Jobs } from "../../main/jobs/jobs.ts";
import { KeptJobs } from "../../main/jobs/keptJobs.ts";
import { KeyFileWriter } from "../../main/roomKeys/keyFileWriter.ts";
import { openSecrets } from "../../main/secrets/openSecrets.ts";
import { PassphraseKeychain } from "../../main/secrets/passphraseKeychain.ts";
import { addAccount } from "../../main/sessions/addAccount.ts";
import { replaceSession } from "../../main/sessions/replaceSession.ts";
import { takeNextStore } from "../../main/sessions/deviceMigration.ts";
import { removeLocally } from "../../main/sessions/signOut.ts";
import { AccountCache } from "../../main/storage/accountCache.ts";
import { AccountIndex } from "../../main/storage/accountIndex.ts";
import { writeDurably } from "../../main/storage/durableFile.ts";
import { files } from "../../main/storage/fileLayer.ts";
import { JsonFile } from "../../main/storage/jsonFile.ts";
import { UnfinishedFiles } from "../../main/storage/unfinishedFiles.ts";
import { AccountId } from "../../shared/ids.ts";
import { HOME, existing, fileWorks, folders, onDamaged, textOf } from "./keptFiles.ts";
import { MemoryKeychain } from "./memoryKeychain.ts";
import type { PowerCutDisk } from "./powerCutDisk.ts";
import type { Work } from "./powerCuts.ts";
import { ScriptedRowJobs } from "./keptRowJobs.ts";
import { quietLogger } from "./quietLogger.ts";
import { accessToken, secretOf } from "./secretValues.ts";

const COST = { N: 2, r: 1, p: 1 };
const accountId = AccountId.parse("abcdefgh01234567");
const other = AccountId.parse("abcdefgh76543210");
const signedIn = { userId: "@ada:example.org", deviceId: "A", baseUrl: "https://example.org", accessToken: accessToken("one") };

function openIndex(): AccountIndex {
  return new AccountIndex({ path: folders.accountIndexFile, onDamaged, onUnreadableEntries: onDamaged });
}

/** What one start of the app opens, and what it finds of one account. */
async function start(keychain: MemoryKeychain) {
  await folders.prepare();
  const index = openIndex();
  await index.load();
  const { store, protection } = await openSecrets({ folders, onDamaged, log: quietLogger, keychain, scryptCost: COST });
  const parts = {
    index,
    secretStore: store,
    logger: quietLogger,
    onRemoved: () => folders.removeAccount(accountId),
  };
  return { index, store, protection, parts };
}

/** Everything that is kept, with its steps: the crypto store aside, which LevelDB writes by itself. */
export const works: Record<string, (disk: PowerCutDisk) => Work<unknown> | Promise<Work<unknown>>> = {
  ...fileWorks,

  "the jobs": async () => {
    await folders.prepare();
    let refused = (_: Error): void => undefined;
    const open = async (): Promise<Jobs> => {
      const jobs = new Jobs({
        file: new JsonFile({ path: folders.jobsFile, schema: KeptJobs, version: 1, onDamaged }),
        emit: (_, job) => {
          if ("status" in job && job.status === "failed") refused(new Error("the job could not be kept"));
        },
        logger: quietLogger,
      });
      await jobs.load();
      return jobs;
    };
    const jobs = await open();
    const dismissed = async (): Promise<void> => {
      for (const { jobId } of jobs.list()) await jobs.dismiss(jobId);
    };
    const forget = (): Promise<void> => jobs.forgetAccount(accountId);
    const begin = (): Promise<void> =>
      new Promise((resolve, reject) => {
        refused = reject;
        jobs.start("export_room_keys", accountId, ({ signal }) => {
          resolve();
          return new Promise((_, stop) => signal.addEventListener("abort", () => stop(new Error("ended"))));
        });
      });
    return {
      before: [],
      steps: [
        [begin, ["interrupted"]],
        [() => jobs.cancel(jobs.list()[0]!.jobId), ["cancelled"]],
        [dismissed, []],
        [begin, ["interrupted"]],
        [forget, [], [["cancelled"]]],
      ],
      read: async () => (await open()).list().map(({ status }) => status),
    };
  },

  "a job of many rows": async () => {
    const keychain = new MemoryKeychain();
    const { parts, store } = await start(keychain);
    await addAccount(parts, accountId, signedIn);
    const scripted = new ScriptedRowJobs({ folders, secretStore: store });
    const jobId = () => scripted.jobs.list()[0]!.jobId;
    const paused = async (): Promise<void> => {
      await scripted.jobs.pause(jobId());
      await scripted.end("paused");
    };
    const resumed = async (): Promise<void> => {
      await scripted.jobs.resume(jobId());
      await scripted.toRows();
    };
    const state = (status: string, done: number, input = "ada grace") => [`${status} ${done}`, input];
    return {
      before: [],
      steps: [
        [() => scripted.start(accountId, ["ada", "grace"]), state("interrupted", 0)],
        [() => scripted.row(1), state("interrupted", 1)],
        [paused, state("paused", 1)],
        [resumed, state("interrupted", 1)],
        [() => scripted.row(0), state("interrupted", 2)],
        [() => scripted.end("done"), state("done", 2)],
        [() => scripted.jobs.deleteInput(jobId()), state("done", 2, "gone")],
      ],
      read: async () => {
        const { store: kept } = await start(keychain);
        const { jobs } = new ScriptedRowJobs({ folders, secretStore: kept });
        await jobs.load([accountId]);
        const [job] = jobs.list();
        if (!job) return [];
        const input = await jobs.openInput(job.jobId).then(
          (opened) => `${String(opened.row(0))} ${String(opened.row(1))}`,
          () => "gone",
        );
        return state(job.status, job.progress.done, input);
      },
    };
  },

  "the list of accounts": async () => {
    await folders.prepare();
    const index = openIndex();
    await index.load();
    const entry = (id: AccountId, deviceId: string) => ({
      accountId: id,
      userId: `@${id}:example.org` as never,
      deviceId,
      homeserver: { serverName: "example.org" as never, baseUrl: "https://example.org" as never },
      displayName: null,
      avatar: null,
      health: null,
      hasRun: false,
      thisTimeOnly: false,
      createdAt: 1,
    });
    return {
      before: [],
      steps: [
        [() => index.add(entry(accountId, "ADA")), ["ADA"]],
        [() => index.add(entry(other, "GRACE")), ["ADA", "GRACE"]],
        [() => index.update(accountId, (now) => ({ ...now, deviceId: "ADA2" })), ["ADA2", "GRACE"]],
        [() => index.reorder([other]), ["GRACE", "ADA2"]],
        [() => index.remove(other), ["ADA2"]],
      ],
      read: async () => (await openIndex().load()).map(({ deviceId }) => deviceId),
    };
  },

  "what is remembered of accounts": async () => {
    await folders.prepare();
    const open = async (): Promise<AccountCache> => {
      const opened = new AccountCache({ path: `${HOME}/account-cache.json` });
      await opened.load();
      return opened;
    };
    const cache = await open();
    const named = (id: AccountId, displayName: string) => () => {
      cache.set(id, { displayName, avatar: null, health: null });
      return cache.flush();
    };
    return {
      before: [],
      steps: [
        [named(accountId, "Ada"), ["Ada"]],
        [named(other, "Grace"), ["Ada", "Grace"]],
        [() => cache.remove(accountId), ["Grace"]],
      ],
      read: async () => {
        const read = await open();
        return [accountId, other].flatMap((id) => read.get(id)?.displayName ?? []);
      },
    };
  },

  "a passphrase and what it seals": async () => {
    await folders.prepare();
    const open = (): PassphraseKeychain => new PassphraseKeychain({ path: folders.passphraseFile, onDamaged, cost: COST });
    const keychain = open();
    const holds = (value: string | null, by: string) => ({ value, by });
    return {
      before: holds(null, "nobody"),
      steps: [
        [() => keychain.choose(secretOf("passphrase", "one")), holds(null, "one")],
        [() => keychain.set("a", "secret"), holds("secret", "one")],
        [() => keychain.choose(secretOf("passphrase", "two")), holds("secret", "two")],
        [() => keychain.set("a", "newer"), holds("newer", "two")],
        [() => open().forget(), holds("newer", "two, recalled")],
      ],
      read: async () => {
        const reader = open();
        for (const passphrase of ["two", "one"]) {
          const there = await reader.exists();
          const opens = there ? reader.unlock(secretOf("passphrase", passphrase)) : reader.recall(secretOf("passphrase", passphrase));
          if (
            !(await opens.then(
              () => true,
              () => false,
            ))
          )
            continue;
          const got = await reader.get("a");
          if (!there) await open().forget();
          return holds(got.kind === "found" ? got.value : null, there ? passphrase : `${passphrase}, recalled`);
        }
        return holds(null, "nobody");
      },
    };
  },

  "an account from its sign-in to its sign-out": async () => {
    const keychain = new MemoryKeychain();
    const { parts, store } = await start(keychain);
    const update = (token: string) => () => store.update(accountId, (secrets) => ({ ...secrets, accessToken: accessToken(token) }));
    return {
      before: "nothing",
      steps: [
        // Listed without a token: it can sign in again.
        [() => addAccount(parts, accountId, signedIn), "listed, one", ["listed, absent"]],
        [update("two"), "listed, two"],
        [update("three"), "listed, three"],
        [() => removeLocally(parts, accountId), "nothing", ["listed, absent", "half gone, and gone when signed out again"]],
      ],
      read: async () => {
        const { index, store: kept } = await start(keychain);
        const read = await kept.read(accountId);
        const listed = index.get(accountId) !== null;
        if (listed && read.kind === "unreadable") {
          const keys = [...keychain.entries];
          await kept.remove(accountId);
          const gone = (await kept.read(accountId)).kind === "absent";
          for (const [name, value] of keys) await keychain.set(name, value);
          return `half gone, and ${gone ? "gone" : "still there"} when signed out again`;
        }
        if (listed) return `listed, ${read.kind === "found" ? read.secrets.accessToken.reveal() : "absent"}`;
        const left = await files().readdir(folders.accounts);
        return read.kind === "absent" && left.length === 0 ? "nothing" : `left behind: ${read.kind}, ${left.join()}`;
      },
    };
  },

  "an account under a passphrase": async () => {
    const keychain = new MemoryKeychain();
    keychain.problem = "unreachable";
    const { parts, store, protection } = await start(keychain);
    const PASSPHRASE = "correct horse battery staple 42";
    return {
      before: "absent",
      steps: [
        [() => protection.choosePassphrase({ passphrase: secretOf("passphrase", PASSPHRASE) }), "absent"],
        [() => addAccount(parts, accountId, signedIn), "one"],
        [() => store.update(accountId, (secrets) => ({ ...secrets, accessToken: accessToken("two") })), "two"],
      ],
      read: async () => {
        const opened = await start(keychain);
        if (opened.protection.state().protection === "passphrase")
          await opened.protection.unlock({ passphrase: secretOf("passphrase", PASSPHRASE) });
        const read = await opened.store.read(accountId);
        return read.kind === "found" ? read.secrets.accessToken.reveal() : read.kind === "absent" ? "absent" : read.reason;
      },
    };
  },

  "an account whose secrets are gone, from its next sign-in on": async (disk) => {
    const keychain = new MemoryKeychain();
    const { parts, index, store } = await start(keychain);
    await addAccount(parts, accountId, signedIn);
    await store.remove(accountId);
    const folder = folders.account(accountId);
    await existing(join(folder.crypto, "level", "CURRENT"), "old");
    await existing(join(folder.nextCrypto, "level", "CURRENT"), "old next");
    const begin = { secretStore: store, index, folders: folder };
    return {
      before: "old store, absent",
      steps: [
        [() => replaceSession(begin, accountId, { deviceId: "B", accessToken: accessToken("new") }), "no store, new", ["no store, absent"]],
      ],
      read: async () => {
        const { store: kept } = await start(keychain);
        const read = await kept.read(accountId);
        const token = read.kind === "found" ? read.secrets.accessToken.reveal() : read.kind;
        const stores = [folder.crypto, folder.nextCrypto].map((path) => textOf(join(path, "level", "CURRENT")));
        const whole = disk.all().filter((path) => ["old", "old next"].includes(disk.peek(path)?.toString() ?? ""));
        if (whole.length !== 2) return "the old stores are not whole";
        return `${(await Promise.all(stores)).some((text) => text !== null) ? "old" : "no"} store, ${token}`;
      },
    };
  },

  ...Object.fromEntries(
    [false, true].map((someLeft) => [
      `a crypto store that takes another's place, ${someLeft ? "with" : "without"} keys left in the one before`,
      async (disk: PowerCutDisk): Promise<Work<unknown>> => {
        await folders.prepare();
        const folder = folders.account(accountId);
        await existing(join(folder.crypto, "level", "CURRENT"), "old");
        await existing(join(folder.crypto, "level", "000003.log"), "old");
        await existing(join(folder.nextCrypto, "level", "CURRENT"), "new");
        await existing(join(folder.nextCrypto, "level", "000003.log"), "new");
        if (someLeft) await existing(`${folder.nextCrypto}.some-left`, "1 of 2\n");
        const moved = join(folder.vault, "moved");
        await existing(join(folder.vault, "sealed"), "");
        const told = join(folder.vault, "told");
        const remember = ({ roomKeys }: { roomKeys: number }): Promise<void> => writeDurably(told, String(roomKeys));
        const after = someLeft ? ["new", "new", "old aside", "told of 1"] : ["new", "new"];
        return {
          before: after,
          steps: [
            [() => takeNextStore(folder, remember), after],
            // As the vault then says, once and for all.
            [() => writeDurably(moved, ""), after],
          ],
          read: async () => {
            if ((await textOf(moved)) === null) await takeNextStore(folder, remember);
            const texts = ["CURRENT", "000003.log"].map((name) => textOf(join(folder.crypto, "level", name)));
            const aside = disk.all().filter((path) => path.startsWith(folder.setAside) && disk.peek(path)?.toString() === "old");
            const count = await textOf(told);
            return [
              ...(await Promise.all(texts)),
              ...(aside.length === 2 ? ["old aside"] : []),
              ...(count === null ? [] : [`told of ${count}`]),
            ];
          },
        };
      },
    ]),
  ),

  "a file outside that is not finished": async () => {
    await folders.prepare();
    await files().mkdir("/home/ada/Documents", 0o700);
    const path = "/home/ada/Documents/keys.txt.part";
    const open = (): UnfinishedFiles => new UnfinishedFiles({ path: folders.unfinishedFilesFile, onDamaged });
    const unfinished = open();
    const work = async (): Promise<void> => {
      const file = await files().open(path, "w", 0o600);
      await file.writeFile("half");
      await file.sync();
    };
    return {
      before: null,
      steps: [
        [() => unfinished.during(path, work), null],
        [() => unfinished.during(path, work), null],
      ],
      read: async () => {
        await open().removeLeftovers();
        return textOf(path);
      },
    };
  },

  "a key file that takes another's place": async (disk) => {
    const path = "/home/ada/keys.txt";
    await existing(path, "old");
    // Its salt is drawn anew each time: what counts is that it is whole.
    let whole: Buffer | null = null;
    return {
      before: "old",
      steps: [
        [
          async () => {
            const writer = await KeyFileWriter.open(path, secretOf("passphrase", "passphrase"), 1);
            await writer.write("[]".padEnd(50_000));
            whole = disk.peek(`${path}.part`);
            await writer.finish();
            whole = disk.peek(path);
          },
          "new",
        ],
      ],
      read: async () => {
        const text = (await textOf(path)) ?? "nothing";
        if (text === "old") return text;
        const isWhole = /^-----BEGIN [^]*[\w/+=]\n-----END [A-Z ]+-----\n$/.test(text) && text.length > 66_000;
        return isWhole && whole !== null && text.startsWith(whole.toString()) ? "new" : "neither";
      },
    };
  },
};
