import { afterEach, beforeEach, expect, it } from "vitest";
import { findPerson, termFor, whyFound } from "../../../main/admin/offboarding/findPerson.ts";
import type { UserRow } from "../../../shared/contract/users.ts";
import { adminApiAt, json } from "../../support/adminApi.ts";
import { LocalServer } from "../../support/localServer.ts";

const row = (userId: string, displayName: string | null = null) => ({ userId, displayName }) as UserRow;
const known = { hidden: [], providers: () => Promise.resolve([]) };
let server: LocalServer;
let asked: string[];
let answer: (path: string) => ReturnType<typeof json>;

beforeEach(async () => {
  asked = [];
  server = await LocalServer.start((response, request) => {
    asked.push(request.path);
    answer(request.path)(response, request);
  });
});
afterEach(() => server.stop());

it("looks for a Matrix ID of another server by its user name, and for anything else as it was typed", () => {
  expect(termFor("@Jane:two.test", "one.test")).toBe("Jane");
  expect(termFor("@jane:ONE.test", "one.test")).toBe("@jane:ONE.test");
  expect(termFor(" jane@corp.test\u200b", "one.test")).toBe("jane@corp.test");
  expect(termFor("@jane:[::1]:8448", "one.test")).toBe("jane");
});

it("says why somebody was found", () => {
  expect(whyFound(row("@jane:one.test"), "JANE")).toBe("user_name");
  expect(whyFound(row("@jane:one.test"), "@jane:one.test")).toBe("user_name");
  expect(whyFound(row("@jd:one.test", "Jane  Doe "), "Jane  Doe")).toBe("display_name");
  expect(whyFound(row("@jd:one.test", "Jane Doe"), "jane")).toBe("similar");
  expect(whyFound(row("@jd:one.test", "JD"), "jane@corp.test")).toBe("contact");
});

it("finds the one of exactly that name behind many that are like it, and says that there are more", async () => {
  const user = (name: string) => ({ name, displayname: "", admin: false, deactivated: false });
  const like = Array.from({ length: 100 }, (_, at) => user(`@aan${String(at).padStart(3, "0")}:one.test`));
  answer = (path) => {
    if (path.includes("/v2/users/%40an")) return json(200, user("@an:one.test"));
    return json(200, { users: like, total: 1000, next_token: path.includes("from=100") ? "200" : "100" });
  };
  const { found, more } = await findPerson(adminApiAt(server.baseUrl, "@root:one.test"), known, ["an", "an", " "]);
  expect(more).toBe(true);
  expect(found[0]).toMatchObject({ user: { userId: "@an:one.test" }, by: ["user_name"] });
  expect(found).toHaveLength(101);
  expect(asked).toHaveLength(3);
});
