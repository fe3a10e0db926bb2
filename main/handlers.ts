import type { Handlers } from "../shared/contract/index.ts";
import { joinServices } from "./ipc/joinServices.ts";
import type { Services } from "./services.ts";

/** Which service answers which domain of the contract. Their methods are the requests: nothing is forwarded. */
export function createHandlers(services: Services, { app, lock, updates }: Pick<Handlers, "app" | "lock" | "updates">): Handlers {
  return {
    app,
    lock,
    updates,
    accounts: services.accounts,
    activity: services.activityLog,
    accountManagement: services.accountManagement,
    signIn: joinServices("signIn", services.signIn, services.browserSignIns),
    registration: services.registration,
    profile: services.profile,
    password: services.password,
    addresses: joinServices("addresses", services.addresses, services.addEmail, services.addPhone),
    identityServer: joinServices("identityServer", services.identityServers, services.shareAddresses),
    recovery: services.recoveries,
    challenges: services.challenges,
    jobs: services.allJobs,
    secrets: services.secrets,
    secureBackup: services.secureBackup,
    emergencySheet: services.emergencySheet,
    devices: joinServices("devices", services.devices, services.newSessions),
    linkDevice: services.linkDevice,
    verifications: services.verifications,
    roomKeys: services.roomKeys,
    deactivation: services.deactivation,
    administration: services.administration,
    bulk: services.bulk,
    offboarding: services.offboarding,
    staffList: services.staffList,
    servers: services.servers,
    users: services.users,
    userExport: services.userExport,
    userStatistics: services.userStatistics,
    userViews: services.userViews,
    userActions: services.userActions,
    userServerData: services.userServerData,
    serviceUsers: services.serviceUsers,
    serverNotices: services.serverNotices,
    newUsers: services.newUsers,
    registrationTokens: services.registrationTokens,
    firstAdmin: services.firstAdmin,
    actionLog: services.loggedActions,
  };
}
