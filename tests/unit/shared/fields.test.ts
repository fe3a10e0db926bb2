import { describe, expect, it } from "vitest";
import { LoginIdentifier, signIn } from "../../../shared/contract/signIn.ts";
import { users } from "../../../shared/contract/users.ts";
import {
  readContactEmail,
  readEmail,
  readHomeserver,
  readMsisdn,
  readPhone,
  readUser,
  readUsername,
  type Read,
} from "../../../shared/fields.ts";
import { identifierOf } from "../../../renderer/features/addAccount/identifier.ts";

const name = (serverName: string, localpart: string | null = null) => ({ kind: "name", serverName, localpart });
const url = (baseUrl: string) => ({ kind: "url", baseUrl, serverName: new URL(baseUrl).host });

describe("a homeserver", () => {
  it.each<[string, object]>([
    ["example.org", name("example.org")],
    ["  Example.ORG\u00a0", name("example.org")],
    ["example.org/", name("example.org")],
    ["example.org.", name("example.org")],
    ["example.org.:8448/", name("example.org:8448")],
    ["\ufeffexample\u200b.org", name("example.org")],
    ["bücher.example", name("xn--bcher-kva.example")],
    ["BÜCHER.example:8448", name("xn--bcher-kva.example:8448")],
    ["例え。テスト", name("xn--r8jz45g.xn--zckzah")],
    ["localhost:8008", name("localhost:8008")],
    ["127.0.0.1", name("127.0.0.1")],
    ["[::1]:8008", name("[::1]:8008")],
    ["@alice:example.org", name("example.org", "alice")],
    ["@Alice:Example.ORG:8448 ", name("example.org:8448", "Alice")],
    ["@alice:[::1]:8448", name("[::1]:8448", "alice")],
    ["@erin=20m=c3=bcller:bücher.example", name("xn--bcher-kva.example", "erin=20m=c3=bcller")],
    ["alice:example.org", name("example.org", "alice")],
    ["https://matrix.to/#/@alice:example.org?via=x", name("example.org", "alice")],
    ["matrix.to/#/%40alice%3Aexample.org", name("example.org", "alice")],
    ["https://matrix.example.org/", url("https://matrix.example.org")],
    ["HTTPS://Matrix.Example.org:8448/Path/", url("https://matrix.example.org:8448/Path")],
    ["https://example.org./", url("https://example.org")],
    ["https://example.org/_matrix/client/versions", url("https://example.org")],
    ["https://example.org/sub/_matrix/", url("https://example.org/sub")],
    ["http://localhost:8008/path/?a#b", url("http://localhost:8008/path")],
    ["example.org/matrix", url("https://example.org/matrix")],
    ["http://matrix_synapse:8008", url("http://matrix_synapse:8008")],
  ])("%j is taken", (typed, expected) => {
    expect(readHomeserver(typed)).toEqual({ value: expected });
  });

  it.each([
    ["", "empty"],
    [" \u200b ", "empty"],
    ["x".repeat(2049), "too_long"],
    ["a b", "not_a_server"],
    ["1.2.3.256", "not_a_server"],
    ["12345", "not_a_server"],
    ["a..org", "not_a_server"],
    ["a.org:99999", "not_a_server"],
    ["a.org:0", "not_a_server"],
    ["@alice", "not_a_server"],
    ["@alice:", "not_a_server"],
    ["@alice:exam ple", "not_a_server"],
    ["alice@example.org", "is_email"],
    ["ftp://example.org", "not_a_url"],
    ["https://user:pw@example.org", "not_a_url"],
    ["javascript://x", "not_a_url"],
    ["https://", "not_a_url"],
    ["https://12345", "not_a_url"],
    ["https://exa mple.org", "not_a_url"],
  ])("%j is refused: %s", (typed, problem) => {
    expect(readHomeserver(typed)).toEqual({ problem });
  });
});

describe("a user name", () => {
  it.each([
    ["alice", "alice"],
    [" alice\n", "alice"],
    ["@Alice:Server.test ", "@Alice:server.test"],
    ["alice:server.test", "@alice:server.test"],
    ["@alice", "alice"],
    ["@müller:bücher.example", "@müller:xn--bcher-kva.example"],
    ["_irc_bob/+=.-", "_irc_bob/+=.-"],
    ["u".repeat(255), "u".repeat(255)],
  ])("%j is taken", (typed, value) => {
    expect(readUser(typed)).toEqual({ value });
  });

  it.each([
    ["", "empty"],
    ["@", "empty"],
    ["@:server.test", "empty"],
    ["al ice", "has_spaces"],
    ["al\u0000ice", "has_spaces"],
    ["@alice:", "not_a_server"],
    ["ü".repeat(128), "too_long"],
  ])("%j is refused: %s", (typed, problem) => {
    expect(readUser(typed)).toEqual({ problem });
  });
});

const emails = [
  "a&b@example.org",
  "a+b@Example.test",
  "o'hara@example.org",
  '"a b@c"@example.org',
  "müller@bücher.example",
  "用户@例子.公司",
  "root@localhost",
  "a@[127.0.0.1]",
  "first.last@a-b.example",
  `${"l".repeat(64)}@${"d".repeat(63)}.${"d".repeat(63)}.example`,
  "#!$%&'*+-/=?^_`{|}~@example.org",
];

describe("an email address", () => {
  it.each(emails)("%s is taken, blanks around it or not", (typed) => {
    expect(readEmail(typed)).toEqual({ value: typed });
    expect(readEmail(` ${typed}\u200e\n`)).toEqual({ value: typed });
  });

  it.each([
    ["", "empty"],
    ["alice", "not_an_email"],
    ["@example.org", "not_an_email"],
    ["alice@", "not_an_email"],
    ["alice@mail", "not_an_email"],
    ["a b@example.org", "not_an_email"],
    ["a@b@example.org", "not_an_email"],
    ["a@example..org", "not_an_email"],
    ['a"b@example.org', "not_an_email"],
    [`${"x".repeat(500)}@example.org`, "too_long"],
  ])("%j is refused: %s", (typed, problem) => {
    expect(readEmail(typed)).toEqual({ problem });
  });
});

it("a phone number has digits and what stands between them", () => {
  expect(readPhone(" +49 (30) 12-34/5 ")).toEqual({ value: "+49 (30) 12-34/5" });
  expect(readPhone("07700 900123")).toEqual({ value: "07700 900123" });
  expect(readPhone("")).toEqual({ problem: "empty" });
  for (const typed of ["12", "abc123", "+", "12+34"]) expect(readPhone(typed)).toEqual({ problem: "not_a_number" });
  expect(readPhone("1".repeat(51))).toEqual({ problem: "too_long" });
});

describe("the form and the contract", () => {
  const fields = { user: "", email: "", country: "DE", number: "" };
  const kinds: [string, (typed: string) => Read<unknown>, (typed: string) => object][] = [
    ["user", readUser, (user) => ({ kind: "user", user })],
    ["email", readEmail, (address) => ({ kind: "email", address })],
    ["phone", readPhone, (number) => ({ kind: "phone", country: "DE", number })],
  ];
  const typed = [...emails, "", " alice ", "@Alice:Server.test ", "al ice", "+49 30 1", "x", "x".repeat(600), "@a:b c", "\u202e"];

  it.each(kinds)("take the same as %s, and name the same problem", (kind, read, asInput) => {
    for (const text of typed) {
      const { problem } = read(text);
      const parsed = LoginIdentifier.safeParse(asInput(text));
      const formed = identifierOf({ ...fields, kind: kind as "user", user: text, email: text, number: text });
      expect(parsed.success, text).toBe(problem === undefined);
      expect(formed.problem, text).toBe(problem);
      if (parsed.success) expect(formed.value).toEqual(parsed.data);
      else expect(parsed.error.issues.map(({ message }) => message)).toEqual([problem]);
    }
  });

  it("take the same as a homeserver", () => {
    for (const text of [...typed, "example.org/", "bücher.example", "a b", "https://x/y", "ftp://x"]) {
      const parsed = signIn.requests.findHomeserver.input.safeParse({ input: text });
      expect(parsed.success, text).toBe(readHomeserver(text).problem === undefined);
    }
  });
});

describe("the name of a new user", () => {
  it.each([
    ["alice", "alice"],
    [" Alice.Test ", "alice.test"],
    ["a1=_-./+", "a1=_-./+"],
    ["4ever", "4ever"],
  ])("%j is %s", (typed, value) => {
    expect(readUsername(typed)).toEqual({ value });
  });

  it.each([
    ["", "empty"],
    ["al ice", "has_spaces"],
    ["älice", "not_allowed"],
    ["@alice", "not_allowed"],
    ["alice:example.org", "not_allowed"],
    ["12345", "only_digits"],
    ["_alice", "starts_with_underscore"],
    ["a".repeat(255), "too_long"],
  ])("%j is refused: %s", (typed, problem) => {
    expect(readUsername(typed, "example.org")).toEqual({ problem });
  });

  it("is as long as the server's name lets it be", () => {
    expect(readUsername("a".repeat(242), "example.org")).toHaveProperty("value");
    expect(readUsername("a".repeat(243), "example.org")).toEqual({ problem: "too_long" });
  });
});

describe("an email address that an admin gives to somebody", () => {
  it.each([
    ["Ann@Mail.Example", "ann@mail.example"],
    [" ann+x/y@mail.example\u200e", "ann+x/y@mail.example"],
    ["jürgen@bücher.example", "jürgen@bücher.example"],
    ["O'Hara@mail.example", "o'hara@mail.example"],
  ])("%j is %j", (typed, value) => {
    expect(readContactEmail(typed)).toEqual({ value });
  });

  it.each([
    ["", "empty"],
    ["a@b;msisdn:1", "not_an_email"],
    ["a@b.example;msisdn:1", "not_an_email"],
    ["a@b.example,c@d.example", "not_an_email"],
    ["a@b@c.example", "not_an_email"],
    ['"a b"@c.example', "not_an_email"],
    ["<a@b.example>", "not_an_email"],
    ["ann", "not_an_email"],
    ["ann@mail", "not_an_email"],
    [`${"a".repeat(500)}@b.example`, "too_long"],
  ])("%j is refused: %s", (typed, problem) => {
    expect(readContactEmail(typed)).toEqual({ problem });
  });
});

describe("a contact that an admin gives to somebody", () => {
  const given = (medium: string, address: string) =>
    users.requests.addThreepid.input.safeParse({
      accountId: "abcdefghijklmnop",
      userId: "@ann:one.test",
      threepid: { medium, address },
      seen: [{ medium: "msisdn", address: "as the server has it" }],
    });

  it.each([
    ["+49 (30) 12-34/5", "493012345"],
    ["0044 7700 900123", "447700900123"],
    ["+49 (0) 30 123456", "4930123456"],
    ["4930123456", "4930123456"],
  ])("is a number with its country's code and nothing else: %j is %j", (typed, value) => {
    expect(readMsisdn(typed)).toEqual({ value });
    expect(given("msisdn", typed).data?.threepid).toEqual({ medium: "msisdn", address: value });
  });

  it.each(["07700 900123", "12345", "٤٩٣٠١٢٣٤٥٦", "+1".padEnd(20, "2"), "ann@mail.example"])("is no number: %j", (typed) => {
    expect(readMsisdn(typed)).toEqual({ problem: "not_a_number" });
    expect(given("msisdn", typed).success).toBe(false);
  });

  it("is one email address alone", () => {
    expect(given("email", " Ann@Mail.Example").data?.threepid).toEqual({ medium: "email", address: "ann@mail.example" });
    for (const typed of ["a@b.example;msisdn:1", "a@b.example,c@d.example", "ann"]) expect(given("email", typed).success).toBe(false);
    expect(given("EMAIL", "ann@mail.example").success).toBe(false);
  });
});
