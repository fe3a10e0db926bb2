import type { AccountId } from "../../shared/ids.ts";
import type { RateLimits } from "../http/rateLimits.ts";
import { askLoginFlows } from "../sessions/discovery.ts";
import type { ServiceParts } from "../sessions/serviceParts.ts";
import { ActionLog } from "./actionLog.ts";
import { ActionLogService } from "./actionLogService.ts";
import { AdminAccessService } from "./adminAccess.ts";
import { openBulkJobs } from "./bulk/openBulkJobs.ts";
import type { BulkServiceParts } from "./bulk/bulkService.ts";
import { KnownColumns } from "./csv/knownColumns.ts";
import { CollectedContactsService } from "./collectedContacts.ts";
import { Credentials, type CredentialsParts } from "./credentials.ts";
import { FirstAdminService } from "./firstAdmin.ts";
import { MasApi } from "./mas/masApi.ts";
import { ServiceUsersService } from "./mas/serviceUsers.ts";
import { NewUsersService } from "./newUsers.ts";
import { OffboardingService } from "./offboarding/offboardingService.ts";
import { RegistrationTokensService } from "./registrationTokens.ts";
import { StaffListService } from "./staffList/staffListService.ts";
import { ServersService } from "./servers.ts";
import { ServerNoticesService } from "./serverNotices.ts";
import { UserActionsService } from "./userActions.ts";
import { UserExportService, type UserExportParts } from "./userExport.ts";
import { UserServerDataService } from "./userServerData.ts";
import { UserStatisticsService } from "./userStatistics.ts";
import { UserViewsService } from "./userViews.ts";
import { UsersService } from "./users.ts";

export interface AdminServicesParts extends Pick<
  ServiceParts,
  | "folders"
  | "index"
  | "secretStore"
  | "sessions"
  | "removal"
  | "jobs"
  | "unfinishedFiles"
  | "fetch"
  | "emit"
  | "loggerFor"
  | "onDamaged"
  | "keepOutOfLogs"
  | "phraseStrength"
  | "onlyThisComputer"
  | "sessionName"
> {
  /** What counts how often servers say that they are asked too often. */
  rateLimits: RateLimits;
  /** The ways to keep passwords that were made here. */
  keeping: CredentialsParts["ports"];
  /** The ways to ask for a CSV file, and to save one. */
  csvFiles: BulkServiceParts["ports"] & Pick<UserExportParts, "chooseTarget">;
  /** In place of the first wait for a server that is away, in milliseconds. */
  serverAwayMs?: number;
}

/** Makes what admins do to their servers, and takes up Jobs of earlier starts. */
export async function openAdminServices(parts: AdminServicesParts) {
  const { folders, index, sessions, removal, fetch, loggerFor, onDamaged, serverAwayMs } = parts;
  const administration = new AdminAccessService(parts);
  const actionLog = new ActionLog({ path: folders.actionLogFile, onDamaged, logger: loggerFor("admin") });
  const credentials = new Credentials({ ...parts, ports: parts.keeping });
  const common = {
    adminApiOf: administration.apiOf,
    isDelegated: (accountId: AccountId) => administration.isDelegated(accountId),
    serviceOf: (accountId: AccountId) => administration.serviceOf(accountId),
    credentials,
    log: actionLog,
  };
  const patience = serverAwayMs === undefined ? {} : { firstWaitMs: serverAwayMs };
  const users = new UsersService({ ...common, apiOf: administration.apiOf, index });
  const knownColumns = new KnownColumns({ path: folders.knownColumnsFile, onDamaged });
  const { rowJobs, bulk, forgetAccount } = await openBulkJobs({
    ...parts,
    administration,
    logger: loggerFor("jobs"),
    log: actionLog,
    knownColumns,
    ports: parts.csvFiles,
    ...patience,
  });
  removal.join(forgetAccount);
  removal.join((accountId) => administration.forget(accountId));
  const knownOf = (accountId: AccountId) => users.knownOf(accountId);
  const ownUserIds = () => new Set(index.list().map(({ userId }) => userId));
  const offboarding = new OffboardingService({
    ...patience,
    adminApi: administration.apiOf,
    isDelegated: common.isDelegated,
    masApi: administration.masApi,
    knownOf,
    log: actionLog,
    ownUserIds,
    rowJobs,
    emit: parts.emit,
    saveText: parts.csvFiles.saveText,
  });
  removal.join((accountId) => offboarding.forgetAccount(accountId));
  const staffList = new StaffListService({
    ...patience,
    adminApi: administration.apiOf,
    isDelegated: common.isDelegated,
    knownOf,
    ownUserIds,
    knownColumns,
    prepareBulk: (accountId, action, fileName, rows) => bulk.prepare(accountId, action, fileName, rows),
    emit: parts.emit,
    ports: parts.csvFiles,
  });
  removal.join((accountId) => staffList.forgetAccount(accountId));
  const userStatistics = new UserStatisticsService({
    ...parts,
    ...patience,
    apiOf: administration.apiOf,
    knownOf,
    fileOf: (accountId) => folders.account(accountId).userStatistics,
  });
  removal.join((accountId) => userStatistics.forget(accountId));
  const userContacts = new CollectedContactsService({ ...parts, ...patience, apiOf: administration.apiOf, knownOf });
  removal.join((accountId) => userContacts.forget(accountId));
  const userActions = new UserActionsService({
    ...common,
    ownUserIds: () => sessions.list().map(({ userId }) => userId),
    masApiOf: (accountId) => new MasApi(sessions.session(accountId)),
    takesPasswords: async (accountId) => {
      const flows = await askLoginFlows(sessions.account(accountId).homeserver.baseUrl, fetch);
      return flows.some(({ kind }) => kind === "password");
    },
    emit: parts.emit,
    logger: loggerFor("admin"),
  });
  const userViews = new UserViewsService({ path: folders.userViewsFile, onDamaged });
  removal.join((accountId) => userViews.forgetAccount(accountId));
  return {
    administration,
    userStatistics,
    userContacts,
    userViews,
    actionLog,
    loggedActions: new ActionLogService({ log: actionLog, sessions, users, userActions, saveText: parts.csvFiles.saveText }),
    credentials,
    rowJobs,
    bulk,
    offboarding,
    staffList,
    users,
    servers: new ServersService(parts),
    userExport: new UserExportService({
      ...parts,
      ...patience,
      apiOf: administration.apiOf,
      knownOf,
      chooseTarget: parts.csvFiles.chooseTarget,
    }),
    userActions,
    userServerData: new UserServerDataService(common),
    serviceUsers: new ServiceUsersService(common),
    serverNotices: new ServerNoticesService(common),
    newUsers: new NewUsersService(common),
    registrationTokens: new RegistrationTokensService(common),
    firstAdmin: new FirstAdminService(parts),
  };
}
