import type { Emit } from "../../shared/contract/index.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Logger } from "../logging/logger.ts";
import type { phraseStrength } from "../secrets/phraseStrength.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { askLoginFlows } from "../sessions/discovery.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";
import type { Folders } from "../storage/folders.ts";
import type { DamagedFile } from "../storage/jsonFile.ts";
import { ActionLog } from "./actionLog.ts";
import type { AdminAccessService } from "./adminAccess.ts";
import { Credentials, type CredentialsParts } from "./credentials.ts";
import { FirstAdminService } from "./firstAdmin.ts";
import { NewUsersService } from "./newUsers.ts";
import { RegistrationTokensService } from "./registrationTokens.ts";
import { UserActionsService } from "./userActions.ts";
import { UserExportService, type UserExportParts } from "./userExport.ts";
import { UsersService } from "./users.ts";

export interface AdminServicesParts extends Pick<UserExportParts, "jobs" | "unfinishedFiles" | "chooseTarget" | "firstWaitMs"> {
  administration: AdminAccessService;
  sessions: SessionManager;
  index: AccountIndex;
  secretStore: SecretStore;
  folders: Folders;
  fetch: Fetch;
  emit: Emit;
  logger: Logger;
  onDamaged: (damaged: DamagedFile) => void;
  keepOutOfLogs: (secret: string) => void;
  phraseStrength: typeof phraseStrength;
  sessionName: string;
  keeping: CredentialsParts["ports"];
}

/** The services for admins that change something on their servers. */
export function openAdminServices(parts: AdminServicesParts) {
  const { administration, sessions, secretStore, folders, fetch, emit, logger, keepOutOfLogs, onDamaged, phraseStrength, sessionName } = parts;
  const actionLog = new ActionLog({ path: folders.actionLogFile, onDamaged });
  const credentials = new Credentials({ secretStore, keepOutOfLogs, phraseStrength, ports: parts.keeping });
  const common = {
    adminApiOf: administration.apiOf,
    isDelegated: (accountId: Parameters<typeof administration.learn>[0]) => administration.isDelegated(accountId),
    credentials,
    log: actionLog,
  };
  const users = new UsersService({ apiOf: administration.apiOf, index: parts.index, log: actionLog });
  return {
    actionLog,
    users,
    userExport: new UserExportService({ ...parts, apiOf: administration.apiOf, knownOf: (accountId) => users.knownOf(accountId) }),
    credentials,
    userActions: new UserActionsService({
      ...common,
      ownUserIds: () => sessions.list().map(({ userId }) => userId),
      takesPasswords: async (accountId) => {
        const flows = await askLoginFlows(sessions.account(accountId).homeserver.baseUrl, fetch);
        return flows.some(({ kind }) => kind === "password");
      },
      emit,
      logger,
    }),
    newUsers: new NewUsersService(common),
    registrationTokens: new RegistrationTokensService(common),
    firstAdmin: new FirstAdminService({ sessions, fetch, keepOutOfLogs, phraseStrength, sessionName }),
  };
}
