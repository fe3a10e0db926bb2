import { describe, expect, it } from "vitest";
import { type SignedIn, signInWithPassword } from "../../../main/sessions/signIn.ts";
import { errorOf } from "../../support/errorOf.ts";
import { secretOf } from "../../support/secretValues.ts";

interface Asked {
  method: string;
  url: string;
  body: { identifier?: { user?: string } };
  token: string | null;
}

const forbidden = { status: 403, body: { errcode: "M_FORBIDDEN", error: "Invalid username or password" } };

/** A web of homeservers on which these things are answered, and everything else is 404. Remembers what was asked. */
function web(answers: (asked: Asked) => { status?: number; body: unknown } | undefined) {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = (input, init = {}) => {
    const one = {
      method: init.method ?? "GET",
      url: new Request(input).url,
      body: JSON.parse((init.body as string | undefined) ?? "{}") as Asked["body"],
      token: new Headers(init.headers).get("authorization"),
    };
    asked.push(one);
    const { status = 404, body = {} } = { ...(answers(one) ?? { body: {} }) };
    return Promise.resolve(Response.json(body, { status }));
  };
  return { asked, fetch };
}

const home = "https://hs.example";

const signIn = (fetch: typeof globalThis.fetch, user: string, baseUrl = home): Promise<SignedIn> =>
  signInWithPassword({
    fetch,
    baseUrl,
    serverName: "example.org",
    identifier: { kind: "user", user },
    password: secretOf("password", "pass word "),
    acceptInsecureHttp: true,
    sessionName: "x",
  });

describe("where an account is reached after its login", () => {
  const session = { user_id: "@a:example.org", device_id: "D", access_token: "token" };
  const login = (wellKnown: unknown) => (asked: Asked) => {
    if (asked.url.endsWith("/login")) return { status: 200, body: { ...session, well_known: wellKnown } };
    if (asked.url.endsWith("/versions")) return { status: 200, body: { versions: ["v1.11"] } };
    if (asked.url.endsWith("/whoami")) return { status: 200, body: { user_id: session.user_id, device_id: "D" } };
    return undefined;
  };
  const named = (baseUrl: unknown) => ({ "m.homeserver": { base_url: baseUrl } });

  it.each<[string, unknown, string]>([
    ["as the answer says", named("https://new.example/"), "https://new.example"],
    ["as the answer says, below a path", named("https://new.example/matrix/"), "https://new.example/matrix"],
    ["as before when it says nothing", undefined, home],
    ["as before when it says nothing that can be understood", "https://new.example", home],
    ["as before when it names no address", named(7), home],
    ["as before when it names a file", named("file:///etc/passwd"), home],
    ["as before when it names an address with a password", named("https://a:b@new.example"), home],
    ["as before when that is not encrypted", named("http://new.example"), home],
    ["as before when that is on this computer", named("https://localhost:8448"), home],
    ["as before when it names the same", named(`${home}/`), home],
  ])("is %s", async (_what, wellKnown, expected) => {
    const { asked, fetch } = web(login(wellKnown));
    expect(await signIn(fetch, "a")).toMatchObject({ userId: "@a:example.org", baseUrl: expected });
    if (expected === home) expect(asked).toHaveLength(1);
    expect(asked.filter(({ url, token }) => token !== null && !url.startsWith(expected))).toEqual([]);
  });

  it.each<[string, (asked: Asked) => { status?: number; body: unknown } | undefined]>([
    ["nothing is there", (asked) => (asked.url.startsWith("https://new.example") ? undefined : login(named("https://new.example"))(asked))],
    [
      "somebody else is known there",
      (asked) =>
        asked.url.endsWith("/whoami") ? { status: 200, body: { user_id: "@b:example.org" } } : login(named("https://new.example"))(asked),
    ],
    ["the session is not known there", (asked) => (asked.url.endsWith("/whoami") ? forbidden : login(named("https://new.example"))(asked))],
  ])("is as before when %s", async (_what, answers) => {
    expect(await signIn(web(answers).fetch, "a")).toMatchObject({ baseUrl: home });
  });
});

describe("a name in capitals", () => {
  it("signs in as it is typed where the server takes that", async () => {
    const { asked, fetch } = web(() => ({ status: 200, body: { user_id: "@alice:example.org", device_id: "D", access_token: "t" } }));
    await signIn(fetch, "Alice");
    expect(asked.map(({ body }) => body.identifier?.user)).toEqual(["Alice"]);
  });

  it("signs in in lower case where nobody is called as it is typed", async () => {
    const { asked, fetch } = web(({ url, body }) => {
      if (!url.endsWith("/login")) return undefined;
      return body.identifier?.user === "alice"
        ? { status: 200, body: { user_id: "@alice:example.org", device_id: "D", access_token: "t" } }
        : forbidden;
    });
    expect(await signIn(fetch, "Alice")).toMatchObject({ userId: "@alice:example.org" });
    expect(asked.filter(({ url }) => url.endsWith("/login"))).toHaveLength(2);
  });

  it("is told to be unknown once, in the form in which names are kept", async () => {
    const { fetch } = web(({ url }) => (url.endsWith("/login") ? forbidden : undefined));
    expect(await errorOf(signIn(fetch, "Nobody"))).toEqual({ kind: "unknown_user", userId: "@nobody:example.org" });
  });

  it("with a wrong password is no unknown name", async () => {
    const { fetch } = web(({ url }) =>
      url.endsWith("/login") ? forbidden : url.includes("%40alice") ? { status: 200, body: {} } : undefined,
    );
    expect(await errorOf(signIn(fetch, "Alice"))).toEqual({ kind: "wrong_credentials" });
  });
});

it("blanks in a password are sent as they are", async () => {
  const { asked, fetch } = web(() => ({ status: 200, body: { user_id: "@a:example.org", device_id: "D", access_token: "t" } }));
  await signIn(fetch, "a");
  expect(asked[0]?.body).toMatchObject({ password: "pass word " });
});
