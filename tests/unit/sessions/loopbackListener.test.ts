import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { listenOnLoopback, type LoopbackListener } from "../../../main/sessions/credentials/loopbackListener.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const open: LoopbackListener[] = [];
const listen = async (): Promise<LoopbackListener> => {
  const listener = await listenOnLoopback({
    expects: (query) => query.get("loginToken") !== null,
    doneText: () => "Go back <to> Steward.",
  });
  open.push(listener);
  return listener;
};
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close(new Error("over"));
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

function ask(url: string, options: { method?: string; host?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = "GET", host } = options;
    const sent = httpRequest(url, { method, agent: false, ...(host !== undefined && { headers: { host } }) }, (response) => {
      let body = "";
      response.on("data", (chunk) => (body += String(chunk)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
const portOf = ({ redirectUrl }: LoopbackListener): number => Number(new URL(redirectUrl).port);

describe("the loopback listener", () => {
  it("is found at 127.0.0.1 under a path that nobody guesses", async () => {
    const [one, other] = [await listen(), await listen()];
    const { hostname, pathname } = new URL(one.redirectUrl);
    expect(hostname).toBe("127.0.0.1");
    expect(pathname.length).toBeGreaterThanOrEqual(23);
    expect(new URL(other.redirectUrl).pathname).not.toBe(pathname);
  });

  it("takes one answer, sends the browser on to a page without the token, and is gone", async () => {
    const listener = await listen();
    const answer = await ask(`${listener.redirectUrl}?state=a+b&loginToken=t%2F1`);
    expect(answer.status).toBe(303);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.headers["referrer-policy"]).toBe("no-referrer");
    expect(answer.headers["location"]).not.toContain("t%2F1");
    expect((await listener.answer).get("loginToken")).toBe("t/1");
    expect((await ask(`${listener.redirectUrl}?loginToken=second`)).status).toBe(404);
    const page = await ask(new URL(String(answer.headers["location"]), listener.redirectUrl).href);
    expect(page).toMatchObject({ status: 200, headers: { "referrer-policy": "no-referrer" } });
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.body).toContain("Go back &#60;to&#62; Steward.");
    expect(page.body).not.toMatch(/<script|t\/1/);
    await waitUntil(async () => !(await listens(portOf(listener))), { what: "the port to be closed" });
  });

  it.each([
    ["another path", "GET", (url: string) => url.replace(/.$/, "_") + "?loginToken=x", undefined],
    ["the path alone, without an answer", "GET", (url: string) => url, undefined],
    ["another method", "POST", (url: string) => `${url}?loginToken=x`, undefined],
    ["a head request", "HEAD", (url: string) => `${url}?loginToken=x`, undefined],
    ["another host's name", "GET", (url: string) => `${url}?loginToken=x`, "evil.example"],
    ["localhost", "GET", (url: string) => `${url}?loginToken=x`, "localhost"],
    ["the root", "GET", (url: string) => new URL("/", url).href, undefined],
    ["the last page before its time", "GET", (url: string) => `${url}/done`, undefined],
  ])("answers %s with not found, and goes on waiting", async (_, method, address, host) => {
    const listener = await listen();
    const answer = await ask(address(listener.redirectUrl), { method, ...(host !== undefined && { host }) });
    expect(answer.status).toBe(404);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    await ask(`${listener.redirectUrl}?loginToken=real`);
    expect((await listener.answer).get("loginToken")).toBe("real");
  });

  it("refuses an endless request, and goes on waiting", async () => {
    const listener = await listen();
    const answer = await ask(`${listener.redirectUrl}?loginToken=${"x".repeat(20_000)}`).catch(() => null);
    expect(answer?.status ?? 431).toBe(431);
    await ask(`${listener.redirectUrl}?loginToken=real`);
    expect((await listener.answer).get("loginToken")).toBe("real");
  });

  it("listens no more once it is closed, and says why to those who wait", async () => {
    const listener = await listen();
    const waited = listener.answer.catch((error: Error) => error.message);
    await listener.close(new Error("cancelled"));
    expect(await waited).toBe("cancelled");
    expect(await listens(portOf(listener))).toBe(false);
  });
});
