import type { Emit } from "../../shared/contract/index.ts";
import type { KeepOutOfLogs } from "../../shared/secret.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { Logger } from "../logging/logger.ts";
import type { phraseStrength } from "../secrets/phraseStrength.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";
import type { Folders } from "../storage/folders.ts";
import type { DamagedFile } from "../storage/jsonFile.ts";
import type { UnfinishedFiles } from "../storage/unfinishedFiles.ts";
import type { Challenges } from "../uia/challenges.ts";
import type { AccountChanges } from "./accountChanges.ts";
import type { AccountRemoval } from "./accountRemoval.ts";
import type { SessionManager } from "./sessionManager.ts";

/** What every area of main is given to make its services with; each takes what it needs. */
export interface ServiceParts {
  folders: Folders;
  index: AccountIndex;
  secretStore: SecretStore;
  sessions: SessionManager;
  challenges: Challenges;
  jobs: Jobs;
  /** Files outside our own folder that are being written. */
  unfinishedFiles: UnfinishedFiles;
  changes: AccountChanges;
  removal: AccountRemoval;
  fetch: Fetch;
  emit: Emit;
  /** @param area stands before each line in the log */
  loggerFor: (area: string) => Logger;
  onDamaged: (damaged: DamagedFile) => void;
  /** Told of every secret before it is used. */
  keepOutOfLogs: KeepOutOfLogs;
  phraseStrength: typeof phraseStrength;
  /** Accounts of other servers than this computer's are refused. */
  onlyThisComputer: boolean;
  /** Opens a page of a homeserver in the person's browser. */
  openInBrowser: (url: string, baseUrl: string) => Promise<void>;
  /** How other clients list new sessions that the person gave no name. */
  sessionName: string;
}
