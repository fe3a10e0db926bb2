import { afterEach, beforeEach, expect, it } from "vitest";
import type { MasApi } from "../../../main/admin/mas/masApi.ts";
import { type Answer, json, masApiAt } from "../../support/adminApi.ts";
import { LocalServer } from "../../support/localServer.ts";

/** What the service has, by the path of its kind, and what it answers about what is over: as a real one does. */
const over: Record<string, number> = {
  "oauth2-sessions": 400,
  "compat-sessions": 400,
  "user-sessions": 400,
  "personal-sessions": 409,
  "user-registration-tokens": 400,
  "upstream-oauth-links": 404,
  "user-emails": 404,
};
const KINDS = Object.keys(over);
const cut: Answer = (response) => void response.destroy();

let server: LocalServer;
let there: Map<string, Set<string>>;
/** What somebody else has just ended: it is listed still. */
let endedElsewhere: string | null;
/** What is ended without an answer. */
let unanswered: string | null;
let mas: MasApi;

beforeEach(async () => {
  there = new Map(KINDS.map((kind) => [kind, new Set(["01ONE", "01TWO"])]));
  [endedElsewhere, unanswered] = [null, null];
  server = await LocalServer.start((response, request) => {
    const { method, path } = request;
    const [kind = "", id = ""] = path.slice("/api/admin/v1/".length).split(/[/?]/);
    const ofKind = there.get(kind)!;
    if (method === "GET") {
      const attributes = { email: "ann@one.test", provider_id: "01IDP", subject: "ann" };
      return json(200, { data: [...ofKind].map((one) => ({ id: one, attributes })) })(response, request);
    }
    const isFirst = id === unanswered && ofKind.has(id);
    const isOver = id === endedElsewhere || !ofKind.delete(id);
    const answer = isFirst ? cut : isOver ? json(over[kind]!, { errors: [{ title: "It is over" }] }) : json(200, {});
    answer(response, request);
  });
  mas = masApiAt(server.baseUrl, "@boss:one.test");
});
afterEach(() => server.stop());

const ends: Record<string, () => Promise<unknown>> = {
  "all sessions": () => mas.endSessions("01ANN"),
  "a browser's session": () => mas.endOtherSession("browser", "01ONE"),
  "a personal session": () => mas.endOtherSession("personal", "01ONE"),
  "a registration token": () => mas.revokeRegistrationToken("01ONE"),
  "a link": () => mas.removeLink("01ONE"),
  "an address": () => mas.removeEmail("01ANN", "ann@one.test"),
};

it.each(Object.keys(ends))("what is over already, or by a try that was not answered, is no error: %s", async (what) => {
  unanswered = "01ONE";
  await ends[what]!();
  [unanswered, endedElsewhere] = [null, "01ONE"];
  there = new Map(KINDS.map((kind) => [kind, new Set(["01ONE", "01TWO"])]));
  await ends[what]!();
  // It keeps nothing else from being ended.
  if (what === "all sessions") for (const kind of KINDS.slice(0, 3)) expect(there.get(kind)).toEqual(new Set(["01ONE"]));
});
