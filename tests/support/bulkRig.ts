import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Services } from "../../main/services.ts";
import type { BulkAction, BulkChoices, BulkDraft, UserColumn } from "../../shared/contract/bulk.ts";
import type { JobRowsShown, RowJob } from "../../shared/contract/jobs.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { secretOf } from "./secretValues.ts";
import type { StewardData } from "./stewardServices.ts";
import type { Synapse, TestUser } from "./synapse.ts";
import { waitUntil } from "./waitUntil.ts";

/** Long enough for a loaded machine. */
const LONG_MS = 120_000;

/** An account of the homeserver's admin in a Steward of its own, and what is done there with many users. */
export class BulkRig {
  readonly data: StewardData;
  readonly accountId: AccountId;
  services: Services;

  private constructor(data: StewardData, services: Services, accountId: AccountId) {
    this.data = data;
    this.services = services;
    this.accountId = accountId;
  }

  /** @param baseUrl where the server is reached */
  static async open(data: StewardData, admin: TestUser, baseUrl: string): Promise<BulkRig> {
    const services = await data.open({ serverAwayMs: 20 });
    const identifier = { kind: "user" as const, user: admin.userId };
    const accountId = await services.passwordSignIns.signIn({
      serverName: null,
      baseUrl,
      identifier,
      password: secretOf("password", admin.password),
      acceptInsecureHttp: false,
    });
    return new BulkRig(data, services, accountId);
  }

  /** The same for an account that was signed in otherwise. */
  static of(data: StewardData, services: Services, accountId: AccountId): BulkRig {
    return new BulkRig(data, services, accountId);
  }

  /** Reads a file as the person would have chosen it, and waits until it is known what would be done. */
  async chooseFile(action: BulkAction, text: string | Uint8Array): Promise<BulkDraft> {
    this.data.keyFile = join(this.data.folder, "users.csv");
    await writeFile(this.data.keyFile, text);
    await this.services.bulk.chooseFile({ accountId: this.accountId, action });
    return this.looked();
  }

  /** Has the rows looked at again, with other choices. */
  async choose(choices: BulkChoices): Promise<BulkDraft> {
    this.services.bulk.setChoices({ ...this.#draft(), choices });
    return this.looked();
  }

  /** Says what the columns are. */
  async nameColumns(columns: (UserColumn | null)[]): Promise<BulkDraft> {
    await this.services.bulk.setColumns({ ...this.#draft(), columns, hasHeader: true });
    return this.looked();
  }

  /** Waits until it is known what would be done. */
  looked(): Promise<BulkDraft> {
    return waitUntil(
      () => {
        const { draft } = this.services.bulk.draft({ accountId: this.accountId });
        return draft?.status === "checking" ? null : draft;
      },
      { what: "the rows to be looked at", timeoutMs: LONG_MS },
    );
  }

  #draft(): { accountId: AccountId; draftId: ConversationId } {
    const { draft } = this.services.bulk.draft({ accountId: this.accountId });
    if (draft === null) throw new Error("there is no draft");
    return { accountId: this.accountId, draftId: draft.draftId };
  }

  /** Does what the draft says. */
  async start(draft: Pick<BulkDraft, "draftId">, said: { notice?: string; typed?: string } = {}): Promise<ConversationId> {
    const { job } = await this.services.bulk.start({ accountId: this.accountId, draftId: draft.draftId, ...said });
    return job.jobId;
  }

  job(jobId: ConversationId): RowJob {
    const job = this.services.allJobs.list().jobs.find((one) => one.jobId === jobId);
    if (!job?.rowJob) throw new Error("there is no such job");
    return job;
  }

  /** What a Job that runs sends nothing for at the moment. */
  waiting(jobId: ConversationId): "server" | "rate_limit" | null {
    const job = this.job(jobId);
    return job.status === "running" ? job.waiting : null;
  }

  /** Waits until a Job is in one of these states. */
  async until(jobId: ConversationId, ...statuses: RowJob["status"][]): Promise<RowJob> {
    await waitUntil(() => statuses.includes(this.job(jobId).status), {
      what: `the job to be ${statuses.join(" or ")}`,
      timeoutMs: LONG_MS,
    });
    return this.job(jobId);
  }

  /** What came of each row, as one line. */
  outcomes(jobId: ConversationId): string[] {
    const { rows } = this.services.allJobs.rows({ jobId, which: "all", from: 0, limit: 200 });
    return rows.map(({ target, outcome, reason }) => [target, outcome, ...(reason === null ? [] : [reason])].join(" "));
  }

  /** What was saved last. */
  async saved(jobId: ConversationId, which: JobRowsShown): Promise<string> {
    await this.services.bulk.saveResult({ jobId, which });
    return this.data.kept.at(-1) ?? "";
  }
}

/** The names of a homeserver's users, of all of them or of those who are deactivated, in order. */
export async function usersOf(synapse: Synapse, which: "all" | "deactivated" = "all"): Promise<string[]> {
  const { users } = await synapse.adminCall({ path: "/_synapse/admin/v2/users?from=0&limit=5000&deactivated=true" });
  const wanted = (users as { name: string; deactivated: boolean | number }[]).filter(
    ({ deactivated }) => which === "all" || Boolean(deactivated),
  );
  return wanted.map(({ name }) => name).sort();
}
