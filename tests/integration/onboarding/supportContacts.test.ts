import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { supportContacts } from "../../../main/onboarding/supportContacts.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";

let proxy: FaultProxy;
beforeAll(async () => {
  // Nothing is behind it: every answer is one of ours.
  proxy = await startFaultProxy("http://127.0.0.1:1");
});
afterEach(() => proxy.clear());
afterAll(() => proxy?.stop());

describe("the contacts of a server", () => {
  const contacts = () => supportContacts({ serverName: null, baseUrl: proxy.baseUrl }, fetch);
  const publishes = (body: unknown, status = 200) =>
    proxy.addRule({ path: /^\/\.well-known\/matrix\/support/, fault: { kind: "answer", status, body }, times: Infinity });

  it("are those that it publishes, as far as they are of use", async () => {
    publishes({
      contacts: [
        { matrix_id: "@admin:example.org", email_address: "admin@example.org", role: "m.role.admin" },
        { email_address: "help@example.org", role: "org.example.help" },
        { role: "m.role.security" },
        "nobody",
      ],
      support_page: "https://example.org/help",
    });
    expect(await contacts()).toEqual({
      contacts: [
        { role: "admin", userId: "@admin:example.org", email: "admin@example.org" },
        { role: "other", userId: null, email: "help@example.org" },
      ],
      page: "https://example.org/help",
    });
  });

  it.each([
    ["nothing", {}, 404],
    ["a page", "<html>", 200],
    ["a script", { support_page: "javascript:alert(1)" }, 200],
  ])("are nobody where there is %s", async (_what, body, status) => {
    publishes(body, status);
    expect(await contacts()).toEqual({ contacts: [], page: null });
  });
});
