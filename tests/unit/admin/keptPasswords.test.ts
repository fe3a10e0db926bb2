import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ActionLog } from "../../../main/admin/actionLog.ts";
import { AdminApi, type AdminSession } from "../../../main/admin/adminApi.ts";
import type { Credentials } from "../../../main/admin/credentials.ts";
import { MasApi } from "../../../main/admin/mas/masApi.ts";
import { NewUsersService } from "../../../main/admin/newUsers.ts";
import { UserActionsService } from "../../../main/admin/userActions.ts";
import { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import { bindHomeserver } from "../../../main/http/homeserverOf.ts";
import { StoppedFailure, stopOf } from "../../../main/http/serverErrors.ts";
import { TokenKeeper } from "../../../main/http/tokenKeeper.ts";
import { newId } from "../../../main/storage/newId.ts";
import type { UserAction } from "../../../shared/contract/userActions.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { AccountId, type ConversationId } from "../../../shared/ids.ts";
import { type Answer, json } from "../../support/adminApi.ts";
import { LocalServer } from "../../support/localServer.ts";
import type { NewUser } from "../../../shared/contract/newUsers.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { accessToken } from "../../support/secretValues.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const ACCOUNT = AccountId.parse("abcdefgh01234567");
const ANN = "@ann:one.test";
const GENERATED = { kind: "generated" } as const;
const MADE = { credentialsId: newId<ConversationId>(), userId: ANN, password: "nine quiet herons", isSet: false };
const NEW_USER: NewUser = {
  username: "ann",
  displayName: null,
  emails: [],
  externalIds: [],
  admin: false,
  userType: null,
  startsAs: "active",
  picture: null,
  password: GENERATED,
};
const refused = json(400, { errcode: "M_WEAK_PASSWORD", error: "no" });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: LocalServer;
let log: ActionLog;
/** What the server answers to what changes something. */
let answer: Answer;
let there: Record<string, unknown> | null;
let ended: AbortController;
/** What becomes of the password. */
let fate: "kept" | "confirmed" | "forgotten" | "none";
let delegated: boolean;

beforeEach(async () => {
  [fate, delegated, ended] = ["none", false, new AbortController()];
  there = { name: ANN, admin: false, deactivated: false };
  folder = await temporaryFolder("keptPasswords");
  log = new ActionLog({ path: join(folder.path, "log", "admin-actions.json"), onDamaged: () => undefined });
  await mkdir(join(folder.path, "log"));
  server = await LocalServer.start((response, request) => {
    if (request.method !== "GET") return answer(response, request);
    if (request.path.includes("/devices")) return json(200, { devices: [] })(response, request);
    if (request.path.includes("/joined_rooms")) return json(200, { joined_rooms: [] })(response, request);
    if (request.path.includes("/username_available")) return json(200, { available: true })(response, request);
    if (request.path.includes("/by-username/")) {
      const attributes = { admin: false, locked_at: null, deactivated_at: null };
      return json(200, { data: { id: "01ANN", attributes } })(response, request);
    }
    return there ? json(200, there)(response, request) : json(404, { errcode: "M_NOT_FOUND", error: "" })(response, request);
  });
});
afterEach(async () => {
  await server.stop();
  await folder.remove();
});

/** As a session does: it can end at any time, and is no more after that. */
function session(): AdminSession {
  const client = {};
  const { signal } = ended;
  const tokens = new TokenKeeper({ accessToken: accessToken("secret"), expiresAt: null });
  const addresses = { baseUrl: server.baseUrl, authBaseUrl: server.baseUrl };
  bindHomeserver(client, new HomeserverClient({ fetch, ...addresses, tokens, retry: { firstWaitMs: 1 }, ended: signal }));
  const use = async (work: (client: unknown, signal: AbortSignal) => Promise<unknown>): Promise<unknown> => {
    if (signal.aborted) throw fail("account_not_running");
    try {
      return await work(client, signal);
    } catch (thrown) {
      throw signal.aborted ? new StoppedFailure(stopOf(signal).error) : thrown;
    }
  };
  return { details: { userId: "@boss:one.test" }, use } as unknown as AdminSession;
}

function parts() {
  const credentials = {
    choose: () => Promise.resolve(((fate = "kept"), MADE)),
    confirm: () => Promise.resolve(void (fate = "confirmed")),
    forget: () => Promise.resolve(void (fate = "forgotten")),
  };
  const shared = session();
  return {
    adminApiOf: () => new AdminApi(shared),
    masApiOf: () => new MasApi(shared),
    isDelegated: () => Promise.resolve(delegated),
    serviceOf: () => Promise.resolve(null),
    takesPasswords: () => Promise.resolve(true),
    ownUserIds: () => [],
    credentials: credentials as unknown as Credentials,
    log,
    emit: () => undefined,
    logger: quietLogger,
  };
}

async function act(action: UserAction) {
  const service = new UserActionsService(parts());
  const { token } = await service.preview({ accountId: ACCOUNT, userId: ANN, action });
  const more = { typed: "", password: GENERATED, signOutSessions: false, allowIdentityReset: false, displayName: null };
  return service.perform({ accountId: ACCOUNT, token: token!, ...more });
}

const ends = [
  ["the app quits", undefined, "cancelled"],
  ["the session ends", new AppFailure({ kind: "unauthenticated", softLogout: false }), "unauthenticated"],
] as const;
const ways = [
  ["reset_password", false],
  ["help", false],
  ["reactivate", false],
  ["reset_password", true],
  ["help", true],
] as const;

describe("a password that was sent to the server", () => {
  it.each(ways.flatMap(([action, byService]) => ends.map((end) => [action, byService, ...end] as const)))(
    "is kept where nobody waits for the answer: %s, by a service %s, %s",
    async (action, byService, _what, reason, kind) => {
      delegated = byService;
      if (action === "reactivate") there = { ...there, deactivated: true };
      answer = () => ended.abort(reason);
      expect(await act(action)).toMatchObject({ status: "unknown", error: { kind }, credentialsId: MADE.credentialsId });
      expect(fate).toBe("kept");
      expect((await log.list())[0]).toMatchObject({ result: "unknown" });
    },
  );

  it.each(ends)("is kept where a user is made and nobody waits for the answer: %s", async (_what, reason, kind) => {
    there = null;
    answer = () => ended.abort(reason);
    expect(await new NewUsersService(parts()).create({ accountId: ACCOUNT, user: NEW_USER })).toMatchObject({
      status: "unknown",
      error: { kind },
    });
    expect(fate).toBe("kept");
    expect((await log.list())[0]).toMatchObject({ result: "unknown" });
  });

  it.each([
    [
      "is kept where a service has made the user, and its answer to the password was lost",
      fail("network", { reason: "cut", host: "auth.one.test" }),
      "kept",
    ],
    ["is forgotten where a service has made the user, and refused the password", fail("password_refused", { reason: "weak" }), "forgotten"],
  ])("%s", async (_what, thrown, becomes) => {
    let isMade = false;
    const user = () => (isMade ? Promise.resolve({ userId: ANN, displayName: null }) : Promise.reject(fail("not_found")));
    const api = { userId: "@boss:one.test", serverName: "one.test", user, request: () => Promise.resolve({}) } as unknown as AdminApi;
    const create = () =>
      Promise.resolve(((isMade = true), { id: "01ANN", admin: false, locked: false, deactivated: false, createdAt: null }));
    const service = {
      user: () => Promise.reject(fail("not_found")),
      create,
      setPassword: () => Promise.reject(thrown),
    } as unknown as MasApi;
    const users = new NewUsersService({ ...parts(), adminApiOf: () => api, serviceOf: () => Promise.resolve(service) });
    const result = await users.create({ accountId: ACCOUNT, user: NEW_USER });
    expect(result).toMatchObject({ status: "created", credentialsId: null, missing: [{ part: "password", error: thrown.error }] });
    expect(fate).toBe(becomes);
  });

  it("is kept where the answer is none", async () => {
    there = { ...there, deactivated: true };
    answer = json(200, { name: 1 });
    expect(await act("reactivate")).toMatchObject({ status: "still_running", error: { kind: "bad_answer" } });
    expect(fate).toBe("kept");
  });

  it.each(
    ways.slice(0, 2).flatMap(
      ([action]) =>
        [
          [action, false],
          [action, true],
        ] as const,
    ),
  )("is kept where a page came in place of the answer: %s, by a service %s", async (action, byService) => {
    delegated = byService;
    answer = (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><p>Hello</p>");
    expect(await act(action)).toMatchObject({ status: "unknown", error: { kind: "bad_answer" }, credentialsId: MADE.credentialsId });
    expect(fate).toBe("kept");
  });

  it("is forgotten where the server refuses it, and where it was never sent", async () => {
    answer = refused;
    await expect(act("reset_password")).rejects.toThrow("password_refused");
    expect(fate).toBe("forgotten");
    there = null;
    await expect(new NewUsersService(parts()).create({ accountId: ACCOUNT, user: NEW_USER })).rejects.toThrow("password_refused");
    expect(fate).toBe("forgotten");
    expect((await log.list()).map(({ result }) => result)).toEqual(["failed", "failed"]);
    await unwritable();
    fate = "none";
    await expect(new NewUsersService(parts()).create({ accountId: ACCOUNT, user: NEW_USER })).rejects.toThrow("file_failed");
    expect(fate).toBe("forgotten");
  });
});

/** The log's folder goes, and something else is in its place. */
async function unwritable(): Promise<void> {
  await rename(join(folder.path, "log"), join(folder.path, "gone"));
  await mkdir(join(folder.path, "log", "admin-actions.json"), { recursive: true });
}

describe("an action whose end cannot be written down", () => {
  it("is done all the same", async () => {
    answer = (response, request) => void unwritable().then(() => json(200, {})(response, request));
    expect(await act("reset_password")).toMatchObject({ status: "done", credentialsId: MADE.credentialsId });
    expect(fate).toBe("confirmed");
  });

  it("has made a user all the same", async () => {
    there = null;
    answer = (response, request) =>
      void unwritable().then(() => json(201, { name: ANN, admin: false, deactivated: false })(response, request));
    expect(await new NewUsersService(parts()).create({ accountId: ACCOUNT, user: NEW_USER })).toMatchObject({ status: "created" });
    expect(fate).toBe("confirmed");
  });

  it("is refused with what the server says", async () => {
    answer = (response, request) => void unwritable().then(() => refused(response, request));
    await expect(act("reset_password")).rejects.toThrow("password_refused");
    expect(fate).toBe("forgotten");
  });
});
