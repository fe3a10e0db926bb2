import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JobKind } from "../../../shared/contract/jobs.ts";
import { adminApiAt, type Answer, json } from "../../support/adminApi.ts";
import { endOfRow, newUser } from "../../support/bulkRow.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type Arrived, LocalServer } from "../../support/localServer.ts";

/** Every kind of bulk work against everything that may become of its request. The server acts as Synapse does. */
const ANN = "@ann:one.test";
const SUSPEND = "/v1/suspend/";
const noSuch = json(404, { errcode: "M_NOT_FOUND", error: "" });

interface Ann {
  there: boolean;
  name: string;
  locked: boolean;
  suspended: boolean;
  deactivated: boolean;
  erased: boolean;
  devices: string[];
  files: number;
}

const annAtFirst = (): Ann => ({
  there: true,
  name: "Ann",
  locked: false,
  suspended: false,
  deactivated: false,
  erased: false,
  devices: ["A", "B"],
  files: 3,
});

let server: LocalServer;
let ann: Ann;
/** How often what the Job is for was done. */
let acted: number;
/** What becomes of the requests that change her, one after the other; after the last, all is well. */
let faults: Fault[];

interface Fault {
  /** Null where the connection is cut. */
  answer: Answer | null;
  /** Whether the server does it nevertheless. */
  acts?: boolean;
}

const isOfAnn = ({ path, body }: Arrived): boolean => decodeURIComponent(path).includes(ANN) || body.includes(ANN);

beforeEach(async () => {
  acted = 0;
  faults = [];
  ann = annAtFirst();
  server = await LocalServer.start((response, request) => {
    const changes = request.method !== "GET" && isOfAnn(request);
    const fault = changes ? faults.shift() : undefined;
    const answer = fault && fault.acts !== true ? null : answerOf(request, changes);
    if (fault === undefined) return answer?.(response, request);
    if (fault.answer) fault.answer(response, request);
    else response.destroy();
  });
});
afterEach(() => server.stop());

const annNow = () => ({ ...ann, name: ANN, displayname: ann.name, admin: false, creation_ts: Date.now() });

function answerOf(request: Arrived, changes: boolean): Answer {
  const { path } = request;
  const body = request.body === "" ? {} : (JSON.parse(request.body) as Record<string, unknown>);
  if (changes) acted += 1;
  if (path.includes("send_server_notice")) return isOfAnn(request) ? json(200, { event_id: "$1" }) : noSuch;
  if (!isOfAnn(request)) return json(200, { name: "@boss:one.test", admin: true, deactivated: false });
  if (changes) act(request, body);
  if (!ann.there) return noSuch;
  if (path.includes("/devices")) return json(200, { devices: ann.devices.map((device_id) => ({ device_id, last_seen_ts: 1 })) });
  if (path.includes("/media"))
    return changes ? json(200, { deleted_media: ["x", "y", "z"], total: 3 }) : json(200, { media: [], total: ann.files });
  if (path.includes("/joined_rooms")) return json(200, { joined_rooms: [], total: 0 });
  if (path.includes("/deactivate/")) return json(200, { id_server_unbind_result: "success" });
  return json(200, annNow());
}

function act({ path }: Arrived, body: Record<string, unknown>): void {
  if (path.includes("/delete_devices")) ann.devices = [];
  else if (path.includes("/media")) ann.files = 0;
  else if (path.includes(SUSPEND)) ann.suspended = body["suspend"] === true;
  else if (path.includes("/deactivate/")) Object.assign(ann, { deactivated: true, erased: body["erase"] === true });
  else {
    ann.there = true;
    for (const field of ["locked", "deactivated"] as const) if (typeof body[field] === "boolean") ann[field] = body[field];
    if (typeof body["displayname"] === "string") ann.name = body["displayname"];
  }
}

interface Kind {
  kind: JobKind;
  payload?: object;
  row?: object;
  before?: Partial<Ann>;
  /** Null where nobody can see it. */
  isSo: (() => boolean) | null;
}

const password = { password: newUser.password, passwordMade: true };
const KINDS: Kind[] = [
  { kind: "create_users", row: newUser, before: { there: false }, isSo: () => ann.there },
  { kind: "change_users", row: { displayname: "New" }, isSo: () => ann.name === "New" },
  { kind: "reset_passwords", payload: { signOut: false }, row: password, isSo: null },
  { kind: "lock_users", isSo: () => ann.locked },
  { kind: "unlock_users", before: { locked: true }, isSo: () => !ann.locked },
  { kind: "suspend_users", isSo: () => ann.suspended },
  { kind: "unsuspend_users", before: { suspended: true }, isSo: () => !ann.suspended },
  { kind: "sign_out_users", isSo: () => ann.devices.length === 0 },
  { kind: "prune_sessions", payload: { unseenSince: 2 }, isSo: () => ann.devices.length === 0 },
  { kind: "send_notices", payload: { text: "To all" }, isSo: null },
  { kind: "delete_media", isSo: () => ann.files === 0 },
  { kind: "deactivate_users", isSo: () => ann.deactivated && !ann.erased },
  { kind: "erase_users", isSo: () => ann.erased },
  { kind: "reactivate_users", row: { ...password, displayName: null }, before: { deactivated: true }, isSo: () => !ann.deactivated },
];

const page =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "text/html", ...headers }).end("<html>Not now</html>");
const limited = json(429, { errcode: "M_LIMIT_EXCEEDED", error: "Too many", retry_after_ms: 1 });
const cutInTheMiddle: Answer = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": 100 });
  response.write('{"name": "@ann', () => response.destroy());
};
const malformed: Answer = (response) => void response.writeHead(200, { "content-type": "application/json" }).end('{"name": "@ann');

/** Of which it is certain that nothing was done: the row waits, and is done once. */
const HELD: [string, Fault[]][] = [
  ["429 that names milliseconds", [{ answer: limited }]],
  ["429 of a proxy that names seconds", [{ answer: page(429, { "retry-after": "0" }) }]],
  ["a storm of them", Array.from({ length: 60 }, (_, at) => ({ answer: at % 2 ? limited : page(429, { "retry-after": "0" }) }))],
];
/** After which it may have been done. */
const LOST: [string, Fault][] = [
  ["500", { answer: json(500, { errcode: "M_UNKNOWN", error: "Internal server error" }) }],
  ["502 as a page", { answer: page(502) }],
  ["503 as a page", { answer: page(503) }],
  ["504 as a page", { answer: page(504) }],
  ["200 as a page", { answer: page(200) }],
  ["an answer that is cut in the middle", { answer: cutInTheMiddle }],
  ["an answer that ends too early", { answer: malformed }],
  ["no answer", { answer: null }],
  ["an answer that nobody waited for", { answer: json(200, {}, { "x-late": "yes" }) }],
];

/** What is late is given up, as by the clock. */
const send: typeof fetch = async (...request) => {
  const answer = await fetch(...request);
  if (answer.headers.has("x-late")) throw new DOMException("late", "TimeoutError");
  return answer;
};

async function endOf({ kind, payload = {}, row = {}, before = {} }: Kind, control: Parameters<typeof endOfRow>[4] = {}) {
  Object.assign(ann, before);
  return endOfRow(
    { adminApi: () => adminApiAt(server.baseUrl, "@boss:one.test", { send }) },
    kind,
    payload,
    { userId: ANN, ...row },
    control,
  );
}

describe.each(KINDS)("$kind", (kind) => {
  it.each(HELD)("waits out %s, and is done once", async (_what, given) => {
    faults = [...given];
    expect(await endOf(kind)).toMatchObject({ outcome: "done" });
    expect([acted, kind.isSo?.() ?? true, faults.length]).toEqual([1, true, 0]);
  });

  it("leaves its row open where it is stopped in a storm without end", async () => {
    const stop = new AbortController();
    const storm = Array.from({ length: 1_000 }, (_, at) => {
      const answer: Answer = (response, request) => {
        if (at === 5) stop.abort();
        limited(response, request);
      };
      return { answer };
    });
    faults = storm;
    expect(await errorOf(endOf(kind, { stopping: stop.signal }))).toMatchObject({ kind: "cancelled" });
    expect(acted).toBe(0);
  });

  it.each(LOST)("says what is so after %s, whether the server has done it or not", async (_what, fault) => {
    for (const acts of [true, false]) {
      acted = 0;
      ann = annAtFirst();
      faults = [{ ...fault, acts }];
      const end = await endOf(kind);
      expect(["done", "unknown"], JSON.stringify(end)).toContain(end?.outcome);
      if (kind.isSo) expect(end?.outcome === "done", JSON.stringify({ end, acts })).toBe(kind.isSo());
      // What is seen to be done is not done again, and a notice never.
      const once = kind.kind === "send_notices" || (acts && kind.isSo !== null);
      if (once) expect(acted).toBeLessThanOrEqual(1);
      if (kind.kind === "send_notices") expect(end?.outcome).toBe("unknown");
    }
  });
});
