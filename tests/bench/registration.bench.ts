import type { Benchmark, Measured } from "../../build/bench.ts";
import type { Registration } from "../../shared/contract/registration.ts";
import { startFaultProxy } from "../support/faultProxy.ts";
import { startMailbox } from "../support/mail.ts";
import { freePort } from "../support/ports.ts";
import { secretOf } from "../support/secretValues.ts";
import { StewardData } from "../support/stewardServices.ts";
import { startSynapse } from "../support/synapse.ts";
import { waitUntil } from "../support/waitUntil.ts";

/** Of creating an account; what the session does once it is there is not counted. */
const OF_REGISTRATION = { path: /\/(?:register|login|account\/whoami)\b/ };
/** A session of the authentication, the mail, the terms, and the email stage that completes it. */
const FEWEST_REQUESTS = 4;
/** How long nobody uses the link while requests are counted. Milliseconds. */
const WAITED_MS = 20_000;
const MAX_PER_MINUTE = 30;

export interface RegistrationRequests {
  /** Until there is an account whose owner uses the link at once. */
  steps: number;
  /** While the mail is waited for. */
  perMinute: number;
}

let counted: Promise<RegistrationRequests> | null = null;

/**
 * Creates an account with user name, password, email address and terms, on a real Synapse with a real mailbox.
 * @param waitedMs how long nobody uses the link while requests are counted
 */
export async function countRegistration(waitedMs: number): Promise<RegistrationRequests> {
  const port = await freePort();
  const mailbox = await startMailbox();
  const proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
  const publicBaseUrl = `${proxy.baseUrl}/`;
  const synapse = await startSynapse({ port, mailPort: mailbox.port, publicBaseUrl, enableRegistration: true, policyVersion: "1.0" });
  const data = await StewardData.create();
  try {
    const { registration } = await data.open();
    const create = async (username: string, onMail: (link: string) => Promise<unknown>): Promise<void> => {
      const email = `${username}@mail.example`;
      const request = { serverName: null, baseUrl: proxy.baseUrl, username, password: secretOf("password", "four unrelated words"), email };
      const { registrationId } = await registration.start({ ...request, phone: null, acceptInsecureHttp: false });
      const state = (): Registration | undefined =>
        data.events.findLast(({ channel, payload }) => channel === "registration.changed" && payload.registrationId === registrationId)
          ?.payload as Registration | undefined;
      const isAt = (kind: string): boolean => {
        const now = state();
        return now?.status === "asking" && now.stage.kind === kind;
      };
      await waitUntil(() => isAt("terms"), { what: "the terms" });
      registration.answer({ registrationId, answer: { kind: "terms", accepted: ["privacy_policy"] } });
      await waitUntil(() => isAt("email"), { what: "the mail" });
      const mail = await mailbox.waitFor(({ to }) => to.includes(email));
      await onMail(mail.links.find((link) => link.includes("submit_token")) ?? "");
      await waitUntil(() => state()?.status === "done", { what: "the account", timeoutMs: 15_000 });
    };
    await create("quick", (link) => fetch(link));
    const steps = proxy.requests(OF_REGISTRATION).length;
    let waiting = 0;
    await create("slow", async (link) => {
      proxy.clearRecord();
      await new Promise((resolve) => setTimeout(resolve, waitedMs));
      waiting = proxy.requests(OF_REGISTRATION).length;
      await fetch(link);
    });
    return { steps, perMinute: (waiting * 60_000) / waitedMs };
  } finally {
    await data.destroy();
    await synapse.stop();
    await proxy.stop();
    await mailbox.stop();
  }
}

async function compared(what: keyof RegistrationRequests, reference: number, target: number): Promise<Measured> {
  counted ??= countRegistration(WAITED_MS);
  const ours = (await counted)[what];
  return { ours, reference, ratio: ours / reference, unit: "requests", target };
}

/** Requests of an account that is created: all steps against the fewest there can be, and what waiting costs a minute. */
export const benchmarks: Benchmark[] = [
  { name: "register.steps", run: () => compared("steps", FEWEST_REQUESTS, 1.3) },
  { name: "poll.cost", run: () => compared("perMinute", MAX_PER_MINUTE, 1) },
];
