import type { PasswordSignIns } from "../sessions/credentials/passwordSignIns.ts";
import type { ServiceParts } from "../sessions/serviceParts.ts";
import { Recoveries, type RecoveriesParts } from "./recoveries.ts";
import { RegistrationService } from "./registrationService.ts";

export interface OnboardingServicesParts extends Pick<
  ServiceParts,
  | "folders"
  | "index"
  | "secretStore"
  | "sessions"
  | "fetch"
  | "emit"
  | "loggerFor"
  | "keepOutOfLogs"
  | "phraseStrength"
  | "openInBrowser"
  | "sessionName"
> {
  passwordSignIns: PasswordSignIns;
  /** In place of how often a server is asked about a mailed link, and for how long. */
  recoveryTimes?: Pick<RecoveriesParts, "pollMs" | "linkLifetimeMs">;
  /** In place of how often a server is asked whether a step of creating an account is done, in milliseconds. */
  registrationPollMs?: number;
}

/** Makes what creates accounts and recovers them. */
export function createOnboardingServices({ index, loggerFor, recoveryTimes, registrationPollMs, ...parts }: OnboardingServicesParts) {
  const common = { ...parts, isListed: (accountId: Parameters<typeof index.get>[0]) => index.get(accountId) !== null };
  return {
    registration: new RegistrationService({
      ...common,
      logger: loggerFor("registration"),
      ...(registrationPollMs !== undefined && { pollMs: registrationPollMs }),
    }),
    recoveries: new Recoveries({ ...common, logger: loggerFor("onboarding"), ...recoveryTimes }),
  };
}
