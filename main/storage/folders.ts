import { dirname, join, resolve } from "node:path";
import { AccountId } from "../../shared/ids.ts";
import { syncFolder } from "./durableFile.ts";
import { fileFailure, isMissing } from "./fileErrors.ts";
import { files } from "./fileLayer.ts";

const FOLDER_MODE = 0o700;

/** Where the parts of one account lie. */
export interface AccountFolders {
  readonly root: string;
  /** The crypto store's database. */
  readonly crypto: string;
  /** One that is being filled to take its place. */
  readonly nextCrypto: string;
  /** The sealed file with the account's tokens and keys. */
  readonly vault: string;
  /** Which of its sessions are known, so that a new one is noticed. */
  readonly knownSessions: string;
  /** What happened to it, and how it was when it was last seen. */
  readonly activity: string;
  /** The users of its server in numbers, where it is an admin. */
  readonly userStatistics: string;
  /**
   * What was put aside when the account was signed in again, one folder each time: what nothing opened any more, or a
   * crypto store of which some room keys did not come over.
   */
  readonly setAside: string;
  /** Jobs that go on after a restart, a folder for each. */
  readonly jobs: string;
}

/** Every path below the user-data folder that Steward writes to, in one place. */
export class Folders {
  readonly root: string;
  readonly accounts: string;
  readonly avatars: string;
  readonly secrets: string;
  /** There while a passphrase protects secrets. */
  readonly passphraseFile: string;
  readonly logs: string;
  readonly accountIndexFile: string;
  readonly settingsFile: string;
  readonly jobsFile: string;
  readonly unfinishedFilesFile: string;
  /** Accounts that were deactivated, until the person has read it. */
  readonly endedAccountsFile: string;
  /** What admins did to servers from here. */
  readonly actionLogFile: string;
  /** What the person said that the columns of CSV files are. */
  readonly knownColumnsFile: string;
  /** How the person looks at lists of users. */
  readonly userViewsFile: string;
  /** A newer version of the app, until it is installed. */
  readonly updates: string;

  constructor(userDataFolder: string) {
    this.root = userDataFolder;
    this.accounts = join(userDataFolder, "accounts");
    this.avatars = join(userDataFolder, "avatars");
    this.secrets = join(userDataFolder, "secrets");
    this.passphraseFile = join(this.secrets, "passphrase.json");
    this.logs = join(userDataFolder, "logs");
    this.accountIndexFile = join(userDataFolder, "accounts.json");
    this.settingsFile = join(userDataFolder, "settings.json");
    this.jobsFile = join(userDataFolder, "jobs.json");
    this.unfinishedFilesFile = join(userDataFolder, "unfinished-files.json");
    this.endedAccountsFile = join(userDataFolder, "ended-accounts.json");
    this.actionLogFile = join(userDataFolder, "admin-actions.json");
    this.knownColumnsFile = join(userDataFolder, "csv-columns.json");
    this.userViewsFile = join(userDataFolder, "user-views.json");
    this.updates = join(userDataFolder, "updates");
  }

  /** Names only: who puts something into one makes it. */
  account(accountId: AccountId): AccountFolders {
    const root = join(this.accounts, accountId);
    return {
      root,
      crypto: join(root, "crypto"),
      nextCrypto: join(root, "crypto-next"),
      vault: join(root, "vault"),
      knownSessions: join(root, "known-sessions.json"),
      activity: join(root, "activity.json"),
      userStatistics: join(root, "user-statistics.json"),
      setAside: join(root, "set-aside"),
      jobs: join(root, "jobs"),
    };
  }

  /**
   * The accounts that have a folder, whether or not the index knows them.
   * @throws `file_failed`
   */
  async accountIds(): Promise<AccountId[]> {
    try {
      const names = await files().readdir(this.accounts);
      return names.flatMap((name) => AccountId.safeParse(name).data ?? []);
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw fileFailure(thrown);
    }
  }

  /**
   * Makes the folders that every start needs, for this user alone.
   * @throws `file_failed`
   */
  async prepare(): Promise<void> {
    await makePrivateFolder(this.root);
    await Promise.all([this.accounts, this.avatars, this.secrets, this.logs].map(makePrivateFolder));
  }

  /**
   * Removes everything of one account for good. Removing what is absent is no error.
   * @throws `file_failed`
   */
  async removeAccount(accountId: AccountId): Promise<void> {
    try {
      await files().removeFolder(this.account(accountId).root);
      await syncFolder(this.accounts);
    } catch (thrown) {
      throw fileFailure(thrown);
    }
  }
}

/**
 * Makes a folder that only this user may look into, so that it is still there after a power cut: what is put into it is
 * no safer than its name. One that exists is closed to others. Windows has no modes: there the folder inherits the user
 * profile's access list.
 * @throws `file_failed`
 */
export async function makePrivateFolder(path: string): Promise<void> {
  await makeFolder(path);
  try {
    if (process.platform !== "win32") await files().chmod(path, FOLDER_MODE);
  } catch (thrown) {
    throw fileFailure(thrown);
  }
}

/**
 * Makes a folder, and those above it, so that it is still there after a power cut. One that exists stays as it is.
 * @throws `file_failed`
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    const topmost = await files().mkdir(path, FOLDER_MODE);
    if (topmost === undefined) return;
    for (let made = resolve(path); made.length >= resolve(topmost).length; made = dirname(made)) {
      await syncFolder(dirname(made));
    }
  } catch (thrown) {
    throw fileFailure(thrown);
  }
}
