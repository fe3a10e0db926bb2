import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Registration } from "../../../shared/contract/registration.ts";
import { type Mailbox, startMailbox } from "../../support/mail.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { synapseFiles } from "../../support/synapseConfig.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const LIMIT = { limit_usage_by_mau: true, max_mau_value: 0, admin_contact: "mailto:admin@mail.example" };

let dir: string;
let synapse: Synapse;
let mailbox: Mailbox;
let data: StewardData;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-limit-"));
  mailbox = await startMailbox();
  synapse = await startSynapse({
    dir,
    mailPort: mailbox.port,
    enableRegistration: true,
    config: { ...LIMIT, registrations_require_3pid: ["email"] },
  });
  data = await StewardData.create();
}, 120_000);
afterAll(async () => {
  await data?.destroy();
  await synapse?.stop();
  await mailbox?.stop();
});

it("a server that takes no more people this month is named with its contact, and completes the same attempt when it does", async () => {
  const services = await data.open({ registrationPollMs: 100 });
  const address = "late@mail.example";
  const request = {
    serverName: null,
    baseUrl: synapse.baseUrl,
    username: "late",
    password: secretOf("password", "four unrelated words"),
    email: address,
    phone: null,
    acceptInsecureHttp: false,
  };
  const { registrationId } = await services.registration.start(request);
  const is = (wanted: (state: Registration) => boolean, what: string) =>
    waitUntil(
      async () => (await services.registration.list()).registrations.find((one) => one.registrationId === registrationId && wanted(one)),
      { what },
    );
  const { links } = await mailbox.waitFor(({ to }) => to.includes(address));
  await (await fetch(links.find((link) => link.includes("submit_token"))!)).text();
  expect(await is(({ status }) => status === "stopped", "the limit to be told")).toMatchObject({
    error: { kind: "resource_limit", contact: LIMIT.admin_contact },
  });
  await synapse.goDown();
  const { config: file } = synapseFiles(dir);
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, "utf8")) as object), limit_usage_by_mau: false }));
  await synapse.comeBack();
  services.registration.retry({ registrationId });
  await waitUntil(() => services.sessions.list()[0]?.session.status === "running", { what: "the account" });
  expect(services.sessions.list()).toMatchObject([{ accountId: registrationId, userId: `@late:${synapse.serverName}` }]);
  expect(mailbox.messages).toHaveLength(1);
}, 60_000);
