import { describe, expect, it } from "vitest";
import { managementPageIn, managementUrl } from "../../../main/account/managementPage.ts";

const page = (actions: string[], uri = "https://account.example.org/") => ({ uri, actions });

describe("the page where accounts are managed", () => {
  it.each([
    ["by its name of today", ["org.matrix.device_delete", "org.matrix.session_end"], "org.matrix.device_delete"],
    ["by an older one", ["org.matrix.session_end"], "org.matrix.session_end"],
    ["by the oldest", ["session_end"], "session_end"],
  ])("is opened at an action %s", (_what, actions, name) => {
    const url = new URL(managementUrl(page(actions), "device_delete", "A&B=C"));
    expect([...url.searchParams]).toEqual([
      ["action", name],
      ["device_id", "A&B=C"],
    ]);
  });

  it("keeps the path and the query of its address", () => {
    const { pathname, searchParams } = new URL(
      managementUrl(page(["org.matrix.profile"], "https://a.example/me/?realm=x&action=old#top"), "profile", null),
    );
    expect(pathname).toBe("/me/");
    expect([...searchParams]).toEqual([
      ["realm", "x"],
      ["action", "org.matrix.profile"],
    ]);
  });

  it("is not asked for an action that is not listed, but for the nearest, or for nothing", () => {
    expect(managementUrl(page(["org.matrix.sessions_list"]), "device_delete", "A")).toBe(
      "https://account.example.org/?action=org.matrix.sessions_list",
    );
    expect(managementUrl(page(["org.matrix.profile"]), "device_delete", "A")).toBe("https://account.example.org/");
    expect(managementUrl(page([]), "deactivate", null)).toBe("https://account.example.org/");
  });

  it.each([
    ["none", {}],
    ["no address", { account_management_uri: "account" }],
    ["a script", { account_management_uri: "javascript:alert(1)" }],
    ["plain http", { account_management_uri: "http://account.example.org/" }],
    ["this computer", { account_management_uri: "https://localhost:8443/" }],
    ["a name and a password", { account_management_uri: "https://a:b@account.example.org/" }],
    ["no metadata", null],
  ])("is not there where the metadata name %s", (_what, metadata) => {
    expect(managementPageIn(metadata, "https://example.org")).toBeNull();
  });

  it("may be on this computer where the homeserver is, and lists nothing where the list is malformed", () => {
    const metadata = { account_management_uri: "http://127.0.0.1:8080/account", account_management_actions_supported: "profile" };
    expect(managementPageIn(metadata, "http://localhost:8008")).toEqual({ uri: "http://127.0.0.1:8080/account", actions: [] });
  });
});
