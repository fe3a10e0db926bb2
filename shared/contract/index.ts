import type * as z from "zod";
import type { AppErrorKind } from "../errors.ts";
import { accountManagement } from "./accountManagement.ts";
import { accounts } from "./accounts.ts";
import { activity } from "./activity.ts";
import { actionLog } from "./actionLog.ts";
import { addresses } from "./addresses.ts";
import { bulk } from "./bulk.ts";
import { app } from "./app.ts";
import { administration } from "./administration.ts";
import { challenges } from "./challenges.ts";
import { deactivation } from "./deactivation.ts";
import type { RequestDefinition } from "./defineDomain.ts";
import { emergencySheet } from "./emergencySheet.ts";
import type { ANY_REQUEST, COMMON_ERRORS } from "./errorKinds.ts";
import { firstAdmin } from "./firstAdmin.ts";
import { identityServer } from "./identityServer.ts";
import { jobs } from "./jobs.ts";
import { linkDevice } from "./linkDevice.ts";
import { lock } from "./lock.ts";
import { newUsers } from "./newUsers.ts";
import { offboarding } from "./offboarding.ts";
import { password } from "./password.ts";
import { profile } from "./profile.ts";
import { recovery } from "./recovery.ts";
import { registration } from "./registration.ts";
import { serviceUsers } from "./serviceUsers.ts";
import { registrationTokens } from "./registrationTokens.ts";
import { roomKeys } from "./roomKeys.ts";
import { secrets } from "./secrets.ts";
import { secureBackup } from "./secureBackup.ts";
import { devices } from "./devices.ts";
import { servers } from "./servers.ts";
import { serverNotices } from "./serverNotices.ts";
import { signIn } from "./signIn.ts";
import { staffList } from "./staffList.ts";
import { updates } from "./updates.ts";
import { users } from "./users.ts";
import { userViews } from "./userViews.ts";
import { userContacts } from "./userContacts.ts";
import { userStatistics } from "./userStatistics.ts";
import { userExport } from "./userExport.ts";
import { userActions } from "./userActions.ts";
import { userServerData } from "./userServerData.ts";
import { verifications } from "./verifications.ts";

/**
 * Everything the renderer and main can say to each other. Channel names, the preload bridge, the renderer's types and
 * the router's checks are all derived from this object.
 */
export const contract = {
  app,
  accounts,
  activity,
  accountManagement,
  signIn,
  registration,
  profile,
  password,
  addresses,
  identityServer,
  recovery,
  challenges,
  jobs,
  secrets,
  lock,
  secureBackup,
  emergencySheet,
  devices,
  linkDevice,
  verifications,
  roomKeys,
  deactivation,
  administration,
  bulk,
  offboarding,
  staffList,
  servers,
  updates,
  users,
  userExport,
  userContacts,
  userStatistics,
  userViews,
  userActions,
  userServerData,
  serviceUsers,
  serverNotices,
  newUsers,
  registrationTokens,
  firstAdmin,
  actionLog,
} as const;

export type Contract = typeof contract;
export type DomainName = keyof Contract;

/** The kinds of error that a request may end with. */
export type ErrorKindOf<R> = R extends RequestDefinition<z.ZodType, z.ZodType, infer E> ? E | (typeof ANY_REQUEST)[number] : never;

/** What is told everywhere in the same way, whatever was asked. */
export type CommonErrorKind = (typeof COMMON_ERRORS)[number];

/** The kinds of error that are a request's own: what its view has something to say about. */
export type OwnErrorKindOf<R> = Exclude<ErrorKindOf<R>, CommonErrorKind>;

declare const errorKinds: unique symbol;
/** What a request of the renderer's comes to, or rejects with: a failure of one of the kinds `K`, which the types alone know. */
export interface Asked<T, K extends AppErrorKind> extends Promise<T> {
  readonly [errorKinds]?: K;
}

type InputOf<R> = R extends RequestDefinition<infer I, z.ZodType> ? z.input<I> : never;
type ParsedInputOf<R> = R extends RequestDefinition<infer I, z.ZodType> ? z.output<I> : never;
type OutputOf<R> = R extends RequestDefinition<z.ZodType, infer O> ? z.output<O> : never;
type AnswerOf<R> = R extends RequestDefinition<z.ZodType, infer O> ? z.input<O> : never;

/** What main implements: one function for each request, given checked input. It throws `AppFailure` to refuse. */
export type Handlers = {
  [D in DomainName]: {
    [R in keyof Contract[D]["requests"]]: (
      input: ParsedInputOf<Contract[D]["requests"][R]>,
    ) => Promise<AnswerOf<Contract[D]["requests"][R]>> | AnswerOf<Contract[D]["requests"][R]>;
  };
};

/** What the renderer calls: the same requests, as functions that reject with `AppFailure`. */
export type Requests = {
  [D in DomainName]: {
    [R in keyof Contract[D]["requests"]]: (
      input: InputOf<Contract[D]["requests"][R]>,
    ) => Asked<OutputOf<Contract[D]["requests"][R]>, ErrorKindOf<Contract[D]["requests"][R]>>;
  };
};

/** Every event's channel name, `domain.event`. */
export type EventChannel = {
  [D in DomainName]: `${D}.${keyof Contract[D]["events"] & string}`;
}[DomainName];

/** What an event carries. */
export type EventPayload<C extends EventChannel> = C extends `${infer D extends DomainName}.${infer E}`
  ? E extends keyof Contract[D]["events"]
    ? Contract[D]["events"][E] extends z.ZodType
      ? z.output<Contract[D]["events"][E]>
      : never
    : never
  : never;

/** Sends an event to the renderer. Services of main get one as an argument. */
export type Emit = <C extends EventChannel>(channel: C, payload: EventPayload<C>) => void;

/** The channel names of all requests and events, in a stable order. The preload bridge is built from them. */
export function channelNames(): { requests: string[]; events: string[] } {
  const names = { requests: [] as string[], events: [] as string[] };
  for (const [domainName, definition] of Object.entries(contract)) {
    for (const name of Object.keys(definition.requests)) names.requests.push(`${domainName}.${name}`);
    for (const name of Object.keys(definition.events)) names.events.push(`${domainName}.${name}`);
  }
  return names;
}
