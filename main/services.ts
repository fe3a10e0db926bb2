import { basename } from "node:path";
import { createAccountServices, type AccountServicesParts } from "./account/accountServices.ts";
import { openAdminServices, type AdminServicesParts } from "./admin/adminServices.ts";
import { createDeviceServices } from "./devices/deviceServices.ts";
import { createEncryptionServices, type EncryptionServicesParts } from "./encryption/encryptionServices.ts";
import { createHealthServices } from "./health/healthServices.ts";
import { RateLimits } from "./http/rateLimits.ts";
import { Jobs } from "./jobs/jobs.ts";
import { JobsService } from "./jobs/jobsService.ts";
import { KeptJobs } from "./jobs/keptJobs.ts";
import { createOnboardingServices, type OnboardingServicesParts } from "./onboarding/onboardingServices.ts";
import { migrateRoomKeys } from "./roomKeys/migrateRoomKeys.ts";
import { openSecrets, type OpenSecretsOptions } from "./secrets/openSecrets.ts";
import { phraseStrength } from "./secrets/phraseStrength.ts";
import { AccountChanges } from "./sessions/accountChanges.ts";
import { AccountRemoval } from "./sessions/accountRemoval.ts";
import type { ServiceParts } from "./sessions/serviceParts.ts";
import { defaultSessionName } from "./sessions/sessionName.ts";
import { createSessions, createSignInServices, type SessionsOptions, type SignInServicesParts } from "./sessions/sessionServices.ts";
import { removeOldCopies } from "./storage/damagedCopies.ts";
import { JsonFile } from "./storage/jsonFile.ts";
import { UnfinishedFiles } from "./storage/unfinishedFiles.ts";
import { Challenges } from "./uia/challenges.ts";

/** What the services need from outside, all of which can be had under plain Node; and what tests put in its place. */
export interface ServicesOptions
  extends
    Pick<ServiceParts, "folders" | "index" | "fetch" | "emit" | "loggerFor" | "onDamaged" | "keepOutOfLogs" | "openInBrowser">,
    Pick<OpenSecretsOptions, "keychain" | "scryptCost">,
    Pick<SessionsOptions, "worthless" | "serverLimits" | "keeperTimes" | "revocationTimes">,
    Pick<SignInServicesParts, "homeservers">,
    Pick<AccountServicesParts, "managementTimes">,
    Pick<EncryptionServicesParts, "keeping" | "keyFiles" | "linkTimes" | "verificationLimits">,
    Pick<OnboardingServicesParts, "recoveryTimes" | "registrationPollMs">,
    Pick<AdminServicesParts, "serverAwayMs"> {
  /** Accounts of other servers than this computer's are not started. */
  onlyThisComputer?: boolean;
}

/** Builds the services of main that know no Electron and hands them to each other. Starts no session yet. */
export async function openServices(options: ServicesOptions) {
  const { folders, index, emit, loggerFor, onDamaged, keeping, keyFiles } = options;
  const jobs = new Jobs({
    file: new JsonFile({ path: folders.jobsFile, schema: KeptJobs, version: 1, onDamaged }),
    emit,
    logger: loggerFor("jobs"),
  });
  const opening = folders.prepare().then(() => openSecrets({ ...options, log: loggerFor("secrets") }));
  const [{ protection: secrets, store: secretStore }] = await Promise.all([opening, index.load(), jobs.load()]);
  const unfinishedFiles = new UnfinishedFiles({ path: folders.unfinishedFilesFile, onDamaged });
  await removeLeftovers(options, unfinishedFiles);

  const changes = new AccountChanges();
  const removal = new AccountRemoval((accountId) => folders.removeAccount(accountId), loggerFor("accounts"));
  removal.join((accountId) => jobs.forgetAccount(accountId));
  const rateLimits = new RateLimits();
  const common = {
    ...options,
    fetch: rateLimits.counting(options.fetch),
    rateLimits,
    onlyThisComputer: options.onlyThisComputer ?? false,
    secretStore,
    sessionName: defaultSessionName(),
    phraseStrength,
    changes,
    removal,
    challenges: new Challenges({ emit }),
    jobs,
    unfinishedFiles,
  };
  const { sessions, passwordSignIns, revocations, replaced: replacedSessions, woke } = createSessions({ ...common, migrateRoomKeys });
  const parts = { ...common, sessions, passwordSignIns };

  const admin = await openAdminServices({ ...parts, csvFiles: { ...keyFiles, saveText: keeping.saveText, print: keeping.print } });
  const account = createAccountServices(parts);
  const devices = createDeviceServices(parts);
  const encryption = createEncryptionServices(parts);
  const signIn = createSignInServices(parts);
  const onboarding = createOnboardingServices(parts);
  const health = createHealthServices({ ...parts, ...admin, ...account, ...devices, ...encryption });
  await sessions.forgetThisTimeOnly();

  secrets.onChange((state) => {
    emit("secrets.changed", state);
    // One of the two may be open while the other is still waited for.
    if (state.locked && state.keychainProblem !== null) return;
    void sessions.startLocked().then(() => revocations.load());
    onboarding.registration.load().catch((error: unknown) => loggerFor("accounts").warn("accounts under way were not found", { error }));
  });

  return {
    index,
    secrets,
    secretStore,
    sessions,
    passwordSignIns,
    revocations,
    replacedSessions,
    woke,
    challenges: common.challenges,
    jobs,
    allJobs: new JobsService(jobs, admin.rowJobs),
    ...admin,
    ...account,
    ...devices,
    ...encryption,
    ...signIn,
    ...onboarding,
    ...health,
  };
}

/** Removes half-written files of earlier starts, and copies of damaged files that nobody has come back for. */
async function removeLeftovers(
  { folders, index, loggerFor }: Pick<ServicesOptions, "folders" | "index" | "loggerFor">,
  unfinishedFiles: UnfinishedFiles,
): Promise<void> {
  const lostAccounts = async () => (await folders.accountIds()).filter((accountId) => index.get(accountId) === null);
  await removeOldCopies(folders.root, async (file) => (file === basename(folders.accountIndexFile) ? lostAccounts() : [])).catch(
    (error: unknown) => loggerFor("storage").warn("old copies of damaged files were not removed", { error }),
  );
  await unfinishedFiles.removeLeftovers();
}

export type Services = Awaited<ReturnType<typeof openServices>>;
