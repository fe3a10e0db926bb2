import { afterEach, beforeEach, expect, it } from "vitest";
import { bulkKinds } from "../../../main/admin/bulk/bulkKinds.ts";
import type { RowEnd } from "../../../main/jobs/jobJournal.ts";
import type { JobKind } from "../../../shared/contract/jobs.ts";
import { fail } from "../../../shared/errors.ts";
import { AccountId } from "../../../shared/ids.ts";
import { adminApiAt, type Answer, json, masApiAt } from "../../support/adminApi.ts";
import { newUser } from "../../support/bulkRow.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type Arrived, LocalServer } from "../../support/localServer.ts";

/** Work on users of a server that leaves its accounts to an authentication service: a stand-in for both. */
const ANN = "@ann:one.test";
const MAS = "/api/admin/v1/";
const cut: Answer = (response) => void response.destroy();
const refusal = json(403, { errors: [{ title: "Missing scope" }] });
const broken = json(502, {});

let server: LocalServer;
let there: boolean;
let admin: boolean;
let deactivated: boolean;
let devices: string[];
/** The sessions at the service, by their kind. */
let sessions: Record<string, string[]>;
/** What is answered in place of what the server would, and whether it acts nevertheless. */
let fault: ((request: Arrived) => { answer: Answer; acts?: boolean } | null) | null;
/** What has changed something, as the service was asked. */
const writes = (): string[] => server.arrived.filter(({ method }) => method !== "GET").map(({ path }) => path.replace(MAS, ""));

beforeEach(async () => {
  [there, admin, deactivated, devices, fault] = [true, false, false, [], null];
  sessions = { "oauth2-sessions": [], "compat-sessions": [], "user-sessions": [] };
  server = await LocalServer.start((response, request) => {
    const faulty = fault?.(request) ?? null;
    if (faulty && faulty.acts !== true) return faulty.answer(response, request);
    const answer = answerOf(request);
    (faulty?.answer ?? answer)(response, request);
  });
});
afterEach(() => server.stop());

function answerOf({ method, path }: Arrived): Answer {
  const masUser = { data: { id: "01ANN", attributes: { admin, deactivated_at: deactivated ? "1970-01-01T00:00:00Z" : null } } };
  const [kind = "", id = "", action] = path.replace(MAS, "").split("?")[0]!.split("/");
  if (!path.startsWith(MAS)) {
    if (path.endsWith("/devices")) return json(200, { devices: devices.map((device_id) => ({ device_id })) });
    if (path.includes("joined_rooms")) return json(200, { joined_rooms: [] });
    if (path.includes("boss")) return json(200, { name: "@boss:one.test", admin: true, deactivated: false });
    return there
      ? json(200, { name: ANN, displayname: "Ann", admin, deactivated, erased: false })
      : json(404, { errcode: "M_NOT_FOUND", error: "" });
  }
  if (kind === "site-config") return json(200, { password_login_enabled: true });
  if (kind === "user-emails") return json(200, { data: [] });
  if (kind === "users") {
    if (method === "POST" && id === "") there = true;
    if (action === "set-admin") admin = true;
    if (action === "deactivate") deactivated = true;
    return there || action === "boss" ? json(200, masUser) : json(404, { errors: [{ title: "No such user" }] });
  }
  const ofKind = sessions[kind] ?? [];
  if (action === "finish") {
    sessions[kind] = ofKind.filter((one) => one !== id);
    devices = devices.filter((device) => device !== id);
    return json(200, {});
  }
  return json(200, { data: ofKind.map((one) => ({ id: one, attributes: { device_id: one } })) });
}

/** Does one row; what comes of it. @param begunBefore when a run that ended before began with it */
async function endOf(kind: JobKind, row: object = {}, begunBefore: number | null = null, signal = new AbortController().signal) {
  let begunAt = begunBefore;
  let end: RowEnd | null = null;
  const found = bulkKinds({
    adminApi: () => adminApiAt(server.baseUrl, "@boss:one.test"),
    masApi: () => Promise.resolve(masApiAt(server.baseUrl, "@boss:one.test")),
    ownUserIds: () => new Set(),
    firstWaitMs: 1,
  });
  await found
    .find((one) => one.kind === kind)!
    .run(
      {},
      {
        accountId: AccountId.parse("abcdefgh01234567"),
        signal,
        stopping: new AbortController().signal,
        open: [0],
        readRow: () => ({ userId: ANN, ...row }),
        begunAt: () => begunAt,
        beginRow: () => Promise.resolve(void (begunAt = 1)),
        endRow: (_row, ended) => Promise.resolve(void (end = ended)),
        waiting: () => undefined,
      },
    );
  return end as RowEnd | null;
}

const at =
  (part: string, answer: Answer, { acts = false, method = "POST" } = {}) =>
  (request: Arrived) =>
    request.method === method && request.path.includes(part) ? { answer, acts } : null;

/** A device, and a browser's session that has none. */
function signedIn(): void {
  devices = ["DEV1"];
  sessions = { ...sessions, "oauth2-sessions": ["DEV1"], "user-sessions": ["BROWSER"] };
}

it.each<[string, Answer, object]>([
  ["refused", refusal, { outcome: "incomplete", reason: "sessions_left", error: { kind: "forbidden" } }],
  ["cut", cut, { outcome: "unknown", error: { kind: "network" } }],
  ["broken", broken, { outcome: "unknown", error: { kind: "gateway_error" } }],
])("nobody is signed out everywhere whose browsers' sessions were not seen to end: %s", async (_what, answer, expected) => {
  signedIn();
  fault = at("user-sessions", answer, { method: "GET" });
  expect(await endOf("sign_out_users")).toMatchObject(expected);
  expect(devices).toEqual([]);
});

it("somebody with a browser's session alone is signed out of that, also by a run that goes on", async () => {
  for (const begunBefore of [null, 1]) {
    sessions["user-sessions"] = ["BROWSER"];
    expect(await endOf("sign_out_users", {}, begunBefore)).toMatchObject({ outcome: "done" });
    expect(sessions["user-sessions"]).toEqual([]);
  }
  expect(await endOf("sign_out_users")).toMatchObject({ outcome: "already" });
  expect(await endOf("sign_out_users", {}, 1)).toMatchObject({ outcome: "done" });
});

it("a lost answer is sent again until it is answered", async () => {
  signedIn();
  let lost = 0;
  fault = ({ path }) => (path.includes("BROWSER/finish") && (lost += 1) <= 4 ? { answer: cut } : null);
  expect(await endOf("sign_out_users")).toMatchObject({ outcome: "done", count: 1 });
  expect(sessions["user-sessions"]).toEqual([]);
});

it("what waits for the homeserver to hear of it ends with its Job", async () => {
  signedIn();
  const job = new AbortController();
  // It never hears of it.
  fault = (request) => {
    if (!request.path.endsWith("/devices")) return null;
    if (sessions["user-sessions"]?.length === 0) job.abort(fail("cancelled"));
    return { answer: json(200, { devices: [{ device_id: "DEV1" }] }) };
  };
  expect(await errorOf(endOf("sign_out_users", {}, null, job.signal))).toMatchObject({ kind: "cancelled" });
});

const reactivated = { password: "nine quiet herons", passwordMade: true, displayName: null };

it("a password is not set for somebody whom another admin has let in again meanwhile", async () => {
  expect(await endOf("reactivate_users", reactivated, 1)).toMatchObject({ outcome: "unknown", reason: "interrupted", names: ["password"] });
  expect(writes()).toEqual([]);
  expect(await endOf("reactivate_users", { ...reactivated, password: null, passwordMade: false }, 1)).toMatchObject({ outcome: "done" });
});

it("a new user's password whose answers were all lost may be in use, and a refused one is not", async () => {
  there = false;
  fault = at("set-password", cut, { acts: true });
  expect(await endOf("create_users", newUser)).toMatchObject({ outcome: "unknown", error: { kind: "network" }, madePassword: true });
  there = false;
  fault = at("set-password", json(400, { errors: [{ title: "weak" }] }));
  expect(await endOf("create_users", newUser)).toMatchObject({ outcome: "incomplete", names: ["password"], madePassword: false });
});

it.each([
  [true, { outcome: "done" }],
  [false, { outcome: "incomplete", names: ["admin"] }],
])("what can be seen of a new user is looked at after answers that were lost: %s", async (acts, expected) => {
  there = false;
  fault = at("set-admin", cut, { acts });
  expect(await endOf("create_users", { ...newUser, admin: true })).toMatchObject(expected);
});

it("a deactivation that nobody has seen answered may still come", async () => {
  fault = at("/deactivate", cut);
  expect(await endOf("deactivate_users")).toMatchObject({ outcome: "unknown", error: { kind: "network" } });
});
