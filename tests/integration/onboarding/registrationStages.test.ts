import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { Registration } from "../../../shared/contract/registration.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { LocalServer } from "../../support/localServer.ts";
import { type Mailbox, startMailbox } from "../../support/mail.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const PASSWORD = "four unrelated words, galvanised";
/** As long as a token can be. */
const LONGEST = "long.token_~-".repeat(5).slice(0, 64);

/** Lets in whoever has a token, solves a puzzle and has an email address. */
let synapse: Synapse;
let mailbox: Mailbox;
/** Judges the puzzle in place of reCAPTCHA's own server. */
let judge: LocalServer;
let solved = false;
let data: StewardData;
let services: Services;
let people = 0;

beforeAll(async () => {
  mailbox = await startMailbox();
  judge = await LocalServer.start((response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ success: solved }));
  });
  synapse = await startSynapse({
    mailPort: mailbox.port,
    enableRegistration: true,
    config: {
      enable_registration_without_verification: false,
      registration_requires_token: true,
      registrations_require_3pid: ["email"],
      enable_registration_captcha: true,
      recaptcha_public_key: "public",
      recaptcha_private_key: "private",
      recaptcha_siteverify_api: `${judge.baseUrl}/siteverify`,
    },
  });
  await synapse.adminCall({ path: "/_synapse/admin/v1/registration_tokens/new", body: { token: "let-me-in" } });
  await synapse.adminCall({ path: "/_synapse/admin/v1/registration_tokens/new", body: { token: "only-once", uses_allowed: 1 } });
  await synapse.adminCall({ path: "/_synapse/admin/v1/registration_tokens/new", body: { token: LONGEST } });
  await synapse.adminCall({
    path: "/_synapse/admin/v1/registration_tokens/new",
    body: { token: "for-a-moment", expiry_time: Date.now() + 2_000 },
  });
  const path = "/_matrix/client/v1/register/m.login.registration_token/validity?token=for-a-moment";
  await waitUntil(async () => !(await synapse.call({ path })).valid, { what: "the token to expire" });
}, 120_000);
afterAll(async () => {
  await synapse?.stop();
  await judge?.stop();
  await mailbox?.stop();
});
beforeEach(async () => {
  solved = false;
  data = await StewardData.create();
  services = await data.open({ registrationPollMs: 100 });
});
afterEach(() => data.destroy());

const newName = (): string => `door${(people += 1)}`;
const start = async (username: string, email: string | null): Promise<AccountId> => {
  const request = {
    serverName: null,
    baseUrl: synapse.baseUrl,
    username,
    password: secretOf("password", PASSWORD),
    email,
    phone: null,
    acceptInsecureHttp: false,
  };
  return (await services.registration.start(request)).registrationId;
};
const stateOf = async (registrationId: AccountId): Promise<Registration | undefined> =>
  (await services.registration.list()).registrations.find((one) => one.registrationId === registrationId);
const isAt = (registrationId: AccountId, kind: string, error: string | null = null) =>
  waitUntil(
    async () => {
      const state = await stateOf(registrationId);
      const isThere = state?.status === "asking" && state.stage.kind === kind && !state.checking && (state.error?.kind ?? null) === error;
      return isThere && state.stage;
    },
    { what: `the stage ${kind} ${error ?? ""}` },
  );
const type = (registrationId: AccountId, token: string): void => {
  services.registration.answer({ registrationId, answer: { kind: "token", token } });
};
/** What the page of the puzzle sends when the person is done with it. */
const solve = async (url: string): Promise<void> => {
  const session = new URL(url).searchParams.get("session")!;
  const body = new URLSearchParams({ session, "g-recaptcha-response": "solved" });
  await fetch(url.replace(/\?.*/, ""), { method: "POST", body });
};

describe("a server that lets in few", () => {
  it("says so beforehand", async () => {
    expect(await services.registration.offer({ baseUrl: synapse.baseUrl })).toEqual({
      open: true,
      email: "required",
      phone: "not_offered",
    });
  });

  it("gets another token in the same attempt, without the blanks, then a puzzle, then an address", async () => {
    const name = newName();
    // Whoever was first holds the token, also before there is an account.
    const first = await start(newName(), "first@mail.example");
    await isAt(first, "token");
    type(first, "only-once");
    await isAt(first, "browser");
    const registrationId = await start(name, `${name}@mail.example`);
    await isAt(registrationId, "token");
    type(registrationId, "wrong");
    await isAt(registrationId, "token", "registration_token_refused");
    type(registrationId, "only-once");
    await isAt(registrationId, "token", "registration_token_refused");
    type(registrationId, "for-a-moment");
    await isAt(registrationId, "token", "registration_token_refused");
    type(registrationId, `  ${LONGEST} `);
    const stage = await isAt(registrationId, "browser");
    const { url } = stage as { url: string };
    expect(url).toContain("/auth/m.login.recaptcha/fallback/web?session=");
    await services.registration.openPage({ registrationId, url });
    expect(data.opened).toEqual([url]);
    await expect(services.registration.openPage({ registrationId, url: "https://elsewhere.example/" })).rejects.toThrow(
      "conversation_over",
    );
    await solve(url);
    services.registration.answer({ registrationId, answer: { kind: "browser" } });
    await isAt(registrationId, "browser", "stage_not_finished");
    solved = true;
    await solve(url);
    await isAt(registrationId, "email");
    const mail = await mailbox.waitFor(({ to }) => to.includes(`${name}@mail.example`));
    await fetch(mail.links.find((link) => link.includes("submit_token"))!);
    await waitUntil(() => services.sessions.list()[0]?.session.status === "running", { what: "the account" });
    expect(services.sessions.list()).toMatchObject([{ accountId: registrationId, userId: `@${name}:${synapse.serverName}` }]);
  });

  it("asks for an address where none was given", async () => {
    const name = newName();
    const registrationId = await start(name, null);
    await waitUntil(async () => (await stateOf(registrationId))?.status === "input", { what: "the question" });
    expect(await stateOf(registrationId)).toMatchObject({ needs: "email", error: null });
    await services.registration.change({ registrationId, email: `${name}@mail.example` });
    await isAt(registrationId, "token");
  });

  it("tells that an address belongs to somebody, and takes another one", async () => {
    const name = newName();
    const owner = await synapse.register({ user: `${name}-owner`, password: PASSWORD });
    await synapse.setEmail(owner, `${name}@mail.example`);
    const registrationId = await start(name, `${name}@mail.example`);
    await isAt(registrationId, "token");
    type(registrationId, "let-me-in");
    const { url } = (await isAt(registrationId, "browser")) as { url: string };
    solved = true;
    await solve(url);
    expect(await isAt(registrationId, "email", "email_in_use")).toMatchObject({ sent: false });
    await services.registration.change({ registrationId, email: `${name}@other.example` });
    await mailbox.waitFor(({ to }) => to.includes(`${name}@other.example`));
    expect(await isAt(registrationId, "email")).toMatchObject({ sent: true });
  });
});

describe("a server that takes no email address", () => {
  it("does not create the account before the person has said that it is wanted without one", async () => {
    const open = await startSynapse({ enableRegistration: true });
    try {
      const username = newName();
      const request = {
        serverName: null,
        baseUrl: open.baseUrl,
        username,
        password: secretOf("password", PASSWORD),
        phone: null,
        acceptInsecureHttp: false,
      };
      const { registrationId } = await services.registration.start({ ...request, email: "guest@mail.example" });
      await waitUntil(async () => (await stateOf(registrationId))?.status === "input", { what: "the question" });
      expect(await stateOf(registrationId)).toMatchObject({ needs: "no_email", error: null });
      expect(await services.registration.availability({ baseUrl: open.baseUrl, username })).toMatchObject({ status: "free" });
      await services.registration.change({ registrationId, email: null });
      await waitUntil(() => services.sessions.list().some(({ userId }) => userId.startsWith(`@${username}:`)), { what: "the account" });
    } finally {
      await open.stop();
    }
  });
});
