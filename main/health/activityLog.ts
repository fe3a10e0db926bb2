import { createHash } from "node:crypto";
import * as z from "zod";
import { Activity, type ActivityKind } from "../../shared/contract/activity.ts";
import type { Session } from "../../shared/contract/devices.ts";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import type { AccountChange, SessionsToEnd } from "../sessions/accountChanges.ts";
import { AccountFiles } from "../storage/accountFiles.ts";
import type { DamagedFile } from "../storage/jsonFile.ts";
import { newId } from "../storage/newId.ts";

/** So much of an account's past is kept, the newest. */
const MAX_KEPT = 500;

/** What is seen this long after something was done here, in milliseconds, came of that. */
const OWN_MS = 60_000;

/** So long a session that was to be signed out here may take to go, in milliseconds: on a server's page the person does it. */
const ENDING_MS = 15 * 60_000;

/** Stands for every device. */
const ALL = "*";

/** What the person is asked about, where it was not done here. */
const ASKED_ABOUT = [
  "session_gone",
  "session_ended",
  "session_verified",
  "identity_changed",
  "backup_replaced",
  "backup_deleted",
  "email_added",
  "email_removed",
] as const;
type AskedKind = (typeof ASKED_ABOUT)[number];
const isAskedAbout = (kind: ActivityKind): kind is AskedKind => (ASKED_ABOUT as readonly ActivityKind[]).includes(kind);

/** What the person is told of at once. */
export interface Noticed {
  readonly kind: AskedKind;
  readonly subject: string | null;
  /** How many of its kind there are, of which `subject` is one: sessions that go together are told of together. */
  readonly count: number;
}

/** What changes here bring about. Another identity is never among it: what is set up here is known as the person's own. */
const BROUGHT_ABOUT: Partial<Record<AccountChange, readonly ActivityKind[]>> = {
  secureBackup: ["backup_created", "backup_replaced", "backup_deleted", "session_verified", "session_unverified"],
  verification: ["session_verified", "session_unverified"],
  addresses: ["email_added", "email_removed"],
};

/** How an account was when it was last seen. A part that was never seen is left out: then nothing can have happened to it. */
const Seen = z.object({
  at: z.number(),
  sessions: z
    .array(
      z.object({
        deviceId: z.string(),
        name: z.string().nullable(),
        verified: z.boolean(),
        thisSession: z.boolean(),
        /** Whether it was this session once: Steward itself takes it away when it has another. */
        wasThisSession: z.boolean().optional(),
      }),
    )
    .optional(),
  /** Each address as a digest, and as it is shown. */
  emails: z.array(z.object({ digest: z.string(), masked: z.string() })).optional(),
  backupVersion: z.string().nullable().optional(),
  identityChangedTo: z.string().nullable().optional(),
  /** Whether the server no longer takes this session's token. */
  ended: z.boolean().optional(),
});
type Seen = z.infer<typeof Seen>;

const Kept = z.object({ seen: Seen, activities: z.array(Activity) });
type Kept = z.infer<typeof Kept>;

/** What a look at an account has brought. What it has not is left out. */
export interface Look {
  sessions?: readonly Session[];
  emails?: readonly { readonly address: string; readonly masked: string }[];
  /** Null: there is no backup. */
  backupVersion?: string | null;
  /** The public master key of an identity that the person has not said is theirs; null when there is none. */
  identityChangedTo?: string | null;
  /** There where the server has just said that it no longer takes this session's token. */
  ended?: true;
}

/** With the device that is gone, which tells whether it was signed out here. */
type Happened = Pick<Activity, "kind" | "subject"> & { readonly deviceId?: string };

export interface ActivityLogParts {
  /** Where an account's activity is kept. */
  fileOf: (accountId: AccountId) => string;
  onDamaged: (damaged: DamagedFile) => void;
  emit: Emit;
  logger: Logger;
  /** How much of an account's past is kept, the newest; 500 unless said otherwise. */
  maxKept?: number;
  /** The time in milliseconds since 1970; the system's unless said otherwise. */
  now?: () => number;
}

type Requests = Handlers["activity"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/**
 * Keeps what happened to each account: compares each look at it with the one before. It asks nothing of a server itself.
 * Nothing is told twice, and nothing from before the first look is news.
 */
export class ActivityLog implements Requests {
  readonly #parts: ActivityLogParts;
  readonly #now: () => number;
  readonly #files: AccountFiles<Kept>;
  /** Until when what is seen of a kind was done here. */
  readonly #own = new Map<AccountId, Map<ActivityKind, number>>();
  /** Until when the going of a device was done here; of those not named, by `ALL`. */
  readonly #ending = new Map<AccountId, Map<string, number>>();
  #noticed: (accountId: AccountId, noticed: Noticed) => void = () => undefined;

  constructor(parts: ActivityLogParts) {
    this.#parts = parts;
    this.#files = new AccountFiles({ ...parts, schema: Kept });
    this.#now = parts.now ?? Date.now;
  }

  /** Calls back once for each thing that the person is to be asked about. */
  onNoticed(listener: (accountId: AccountId, noticed: Noticed) => void): void {
    this.#noticed = listener;
  }

  /** Something of the account has just been changed here. */
  changedHere(accountId: AccountId, change: AccountChange): void {
    const until = this.#own.get(accountId) ?? new Map<ActivityKind, number>();
    for (const kind of BROUGHT_ABOUT[change] ?? []) until.set(kind, this.#now() + OWN_MS);
    this.#own.set(accountId, until);
  }

  /** Sessions of the account are about to be signed out here. */
  endingHere(accountId: AccountId, sessions: SessionsToEnd): void {
    const until = this.#ending.get(accountId) ?? new Map<string, number>();
    const named = sessions === "others" ? [ALL] : sessions;
    for (const deviceId of named) until.set(deviceId, this.#now() + (sessions === "others" ? OWN_MS : ENDING_MS));
    this.#ending.set(accountId, until);
  }

  /** Takes in a look at an account. @throws `file_failed` */
  looked(accountId: AccountId, look: Look): Promise<void> {
    return this.#files.inTurn(accountId, async (file) => {
      if (this.#files.isOver(accountId)) return;
      const before = await file.read();
      const at = this.#now();
      const seen = seenOf(look, before?.seen, at);
      const happened = before ? whatHappened(before.seen, seen) : [];
      if (before && happened.length === 0 && isSame(before.seen, seen)) return;
      const activities = happened.map(({ kind, subject, deviceId }): Activity => {
        const here = (this.#own.get(accountId)?.get(kind) ?? 0) > at || this.#wasEndedHere(accountId, deviceId, at);
        const asked = !here && isAskedAbout(kind);
        return {
          activityId: newId<ConversationId>(),
          kind,
          noticedAt: at,
          since: before?.seen.at ?? at,
          subject,
          here,
          asked,
          answer: null,
        };
      });
      await file.update((kept) => ({
        seen,
        activities: [...activities, ...(kept?.activities ?? [])].slice(0, this.#parts.maxKept ?? MAX_KEPT),
      }));
      if (activities.length === 0) return;
      await this.#tell(accountId);
      for (const one of activities) {
        this.#parts.logger.info("something happened to an account", { accountId, kind: one.kind, here: one.here });
      }
      for (const noticed of told(activities)) this.#noticed(accountId, noticed);
    });
  }

  #wasEndedHere(accountId: AccountId, deviceId: string | undefined, at: number): boolean {
    const until = this.#ending.get(accountId);
    if (until === undefined || deviceId === undefined) return false;
    return Math.max(until.get(deviceId) ?? 0, until.get(ALL) ?? 0) > at;
  }

  /** @throws `file_failed` */
  async list({ accountId }: Input<"list">): Promise<{ activities: Activity[] }> {
    return { activities: (await this.#files.of(accountId).read())?.activities ?? [] };
  }

  /** Remembers what the person says. @throws `file_failed` */
  answer({ accountId, activityId, answer }: Input<"answer">): Promise<{ activities: Activity[] }> {
    return this.#files.inTurn(accountId, async (file) => {
      const said = (one: Activity): Activity => (one.activityId === activityId ? { ...one, answer } : one);
      if ((await file.read()) !== null) {
        await file.update((kept) => {
          if (kept === null) throw new Error("the activity is gone");
          return { ...kept, activities: kept.activities.map(said) };
        });
        await this.#tell(accountId);
      }
      return this.list({ accountId });
    });
  }

  /** Forgets an account that is gone. Afterwards nothing writes to its folder any more, which goes by itself. */
  async forget(accountId: AccountId): Promise<void> {
    await this.#files.forget(accountId);
    this.#own.delete(accountId);
    this.#ending.delete(accountId);
  }

  /** Ends it; resolves when nothing is being written any more. */
  stopAll(): Promise<void> {
    return this.#files.stopAll();
  }

  async #tell(accountId: AccountId): Promise<void> {
    this.#parts.emit("activity.changed", { accountId, ...(await this.list({ accountId })) });
  }
}

/** What the person is told of at once, of what has just happened. */
function told(activities: readonly Activity[]): Noticed[] {
  const asked = activities.flatMap(({ asked, kind, subject }) => (asked && isAskedAbout(kind) ? [{ kind, subject, count: 1 }] : []));
  const gone = asked.filter(({ kind }) => kind === "session_gone");
  const first = gone[0];
  return [...(first ? [{ ...first, count: gone.length }] : []), ...asked.filter(({ kind }) => kind !== "session_gone")];
}

const digestOf = (address: string): string => createHash("sha256").update(address.toLowerCase()).digest("hex").slice(0, 16);

function seenOf(look: Look, before: Seen | undefined, at: number): Seen {
  const ours = new Set(before?.sessions?.flatMap((one) => (one.thisSession || one.wasThisSession ? one.deviceId : [])));
  const sessions = look.sessions?.map(({ deviceId, name, verification, thisSession }) => ({
    deviceId,
    name,
    verified: verification === "verified",
    thisSession,
    ...(!thisSession && ours.has(deviceId) && { wasThisSession: true }),
  }));
  const emails = look.emails?.map(({ address, masked }) => ({ digest: digestOf(address), masked }));
  return {
    ...before,
    at,
    // Whoever is given the list is signed in.
    ...(sessions && { ended: false }),
    ...(look.ended && { ended: true }),
    ...(sessions && { sessions: sessions.sort((a, b) => a.deviceId.localeCompare(b.deviceId)) }),
    ...(emails && { emails: emails.sort((a, b) => a.digest.localeCompare(b.digest)) }),
    ...(look.backupVersion !== undefined && { backupVersion: look.backupVersion }),
    ...(look.identityChangedTo !== undefined && { identityChangedTo: look.identityChangedTo }),
  };
}

/** Whether nothing but the time is different. */
const isSame = (before: Seen, now: Seen): boolean => JSON.stringify({ ...before, at: 0 }) === JSON.stringify({ ...now, at: 0 });

function whatHappened(before: Seen, now: Seen): Happened[] {
  return [
    ...toThisSession(before, now),
    ...toSessions(before, now),
    ...toIdentity(before, now),
    ...toBackup(before, now),
    ...toEmails(before, now),
  ];
}

function toThisSession({ ended: before = false }: Seen, { ended: now = false }: Seen): Happened[] {
  return now && !before ? [{ kind: "session_ended", subject: null }] : [];
}

function toSessions(before: Seen, now: Seen): Happened[] {
  if (!before.sessions || !now.sessions) return [];
  const old = new Map(before.sessions.map((session) => [session.deviceId, session]));
  const left = new Set(now.sessions.map(({ deviceId }) => deviceId));
  const happened = now.sessions.flatMap((session): Happened[] => {
    const subject = session.name ?? session.deviceId;
    const was = old.get(session.deviceId);
    // This session's own coming is the account's being added or signed in again.
    if (!was) return session.thisSession ? [] : [{ kind: "session_new", subject }];
    // Under another identity nothing counts as verified, which is told by itself.
    if (was.verified === session.verified || before.identityChangedTo !== now.identityChangedTo) return [];
    return [{ kind: session.verified ? "session_verified" : "session_unverified", subject }];
  });
  for (const { deviceId, name, thisSession, wasThisSession = false } of before.sessions) {
    if (!left.has(deviceId) && !thisSession && !wasThisSession)
      happened.push({ kind: "session_gone", subject: name ?? deviceId, deviceId });
  }
  return happened;
}

function toIdentity({ identityChangedTo: before }: Seen, { identityChangedTo: now }: Seen): Happened[] {
  return before !== undefined && now && now !== before ? [{ kind: "identity_changed", subject: null }] : [];
}

function toBackup({ backupVersion: before }: Seen, { backupVersion: now }: Seen): Happened[] {
  if (before === undefined || now === undefined || before === now) return [];
  if (before === null) return [{ kind: "backup_created", subject: null }];
  return [{ kind: now === null ? "backup_deleted" : "backup_replaced", subject: null }];
}

function toEmails({ emails: before }: Seen, { emails: now }: Seen): Happened[] {
  if (!before || !now) return [];
  const has = (list: NonNullable<Seen["emails"]>, digest: string): boolean => list.some((one) => one.digest === digest);
  return [
    ...now.filter(({ digest }) => !has(before, digest)).map(({ masked }): Happened => ({ kind: "email_added", subject: masked })),
    ...before.filter(({ digest }) => !has(now, digest)).map(({ masked }): Happened => ({ kind: "email_removed", subject: masked })),
  ];
}
