import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { openTrap, request, type Shell, startShell, type Trap } from "./shell.ts";

let shell: Shell;
let page: Page;
let trap: Trap;

interface Probe {
  ran?: boolean;
  violations: string[];
}

beforeAll(async () => {
  shell = await startShell();
  page = shell.page;
}, 60_000);
afterAll(() => shell.close());

beforeEach(async () => {
  trap = await openTrap();
  await page.reload();
  await page.evaluate(() => {
    const probe: Probe = { violations: [] };
    (globalThis as unknown as { probe: Probe }).probe = probe;
    document.addEventListener("securitypolicyviolation", (event) => probe.violations.push(event.effectiveDirective));
  });
});
afterEach(() => trap.close());

/** Does something in the page, waits until the policy has refused it, and answers by which directive. */
async function refusedBy(attempt: (port: number) => unknown): Promise<string> {
  // Trusted Types throw where the page would be given a text as a script; the violation is what is looked at.
  await page.evaluate(attempt, trap.port).catch(() => undefined);
  const handle = await page.waitForFunction(() => (globalThis as unknown as { probe: Probe }).probe.violations[0], undefined, {
    timeout: 10_000,
  });
  expect(await page.evaluate(() => (globalThis as unknown as { probe: Probe }).probe.ran)).toBeUndefined();
  expect(trap.visits()).toBe(0);
  return String(await handle.jsonValue());
}

const attempts: [string, string, (port: number) => unknown][] = [
  [
    "an inline script",
    "require-trusted-types-for",
    () => {
      const script = document.createElement("script");
      script.textContent = "probe.ran = true";
      document.body.append(script);
    },
  ],
  [
    "an inline event handler",
    "require-trusted-types-for",
    () => {
      const button = document.createElement("button");
      document.body.append(button);
      button.setAttribute("onclick", "probe.ran = true");
      button.click();
    },
  ],
  ["HTML from text", "require-trusted-types-for", () => document.body.insertAdjacentHTML("beforeend", "<p>x</p>")],
  ["HTML in an element", "require-trusted-types-for", () => void (document.body.innerHTML = "<img src=x>")],
  ["HTML that is parsed", "require-trusted-types-for", () => void new DOMParser().parseFromString("<p>x</p>", "text/html")],
  [
    "a policy that makes HTML of text",
    "trusted-types",
    () => {
      const { trustedTypes } = globalThis as unknown as { trustedTypes: { createPolicy(name: string, rules: object): unknown } };
      trustedTypes.createPolicy("own", { createHTML: (text: string) => text });
    },
  ],
  [
    "a script from a blob",
    "require-trusted-types-for",
    () => {
      const script = document.createElement("script");
      script.src = URL.createObjectURL(new Blob(["probe.ran = true"], { type: "text/javascript" }));
      document.body.append(script);
    },
  ],
  [
    "a remote script",
    "require-trusted-types-for",
    (port) => {
      const script = document.createElement("script");
      script.src = `http://127.0.0.1:${port}/x.js`;
      document.body.append(script);
    },
  ],
  // In a timer, because what a debugger evaluates may use eval.
  ["eval", "require-trusted-types-for", () => void setTimeout(() => (0, eval)("probe.ran = true"))],
  ["new Function", "require-trusted-types-for", () => void setTimeout(() => void new Function("probe.ran = true")())],
  ["a timer with a string", "require-trusted-types-for", () => void setTimeout(() => setTimeout("probe.ran = true"))],
  [
    "a javascript: link",
    "script-src-elem",
    () => {
      const link = document.createElement("a");
      link.href = "javascript:probe.ran = true";
      document.body.append(link);
      link.click();
    },
  ],
  [
    "a worker from a blob",
    "require-trusted-types-for",
    () => {
      try {
        new Worker(URL.createObjectURL(new Blob(["1"])));
      } catch {
        // The violation is what is looked at.
      }
    },
  ],
  [
    "an inline style sheet",
    "style-src-elem",
    () => {
      const style = document.createElement("style");
      style.textContent = "body { color: red }";
      document.body.append(style);
    },
  ],
  [
    "a remote style sheet",
    "style-src-elem",
    (port) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = `http://127.0.0.1:${port}/x.css`;
      document.head.append(link);
    },
  ],
  [
    "a remote picture",
    "img-src",
    (port) => {
      new Image().src = `http://127.0.0.1:${port}/x.png`;
    },
  ],
  [
    "a remote font",
    "font-src",
    (port) => {
      void new FontFace("x", `url(http://127.0.0.1:${port}/x)`).load().catch(() => 0);
    },
  ],
  [
    "a remote video",
    "media-src",
    (port) => {
      document.createElement("video").src = `http://127.0.0.1:${port}/x.mp4`;
    },
  ],
  [
    "a remote frame",
    "frame-src",
    (port) => {
      const frame = document.createElement("iframe");
      frame.src = `http://127.0.0.1:${port}/`;
      document.body.append(frame);
    },
  ],
  [
    "a frame of our own",
    "frame-src",
    () => {
      const frame = document.createElement("iframe");
      frame.src = "/index.html";
      document.body.append(frame);
    },
  ],
  [
    "an object",
    "require-trusted-types-for",
    (port) => {
      const object = document.createElement("object");
      object.data = `http://127.0.0.1:${port}/x`;
      document.body.append(object);
    },
  ],
  ["fetch", "connect-src", (port) => void fetch(`http://127.0.0.1:${port}/`).catch(() => 0)],
  ["fetch of our own origin", "connect-src", () => void fetch("/index.html").catch(() => 0)],
  [
    "XMLHttpRequest",
    "connect-src",
    (port) => {
      const asked = new XMLHttpRequest();
      asked.open("GET", `http://127.0.0.1:${port}/`);
      asked.send();
    },
  ],
  ["a WebSocket", "connect-src", (port) => void new WebSocket(`ws://127.0.0.1:${port}/`)],
  ["an EventSource", "connect-src", (port) => void new EventSource(`http://127.0.0.1:${port}/`)],
  ["a beacon", "connect-src", (port) => navigator.sendBeacon(`http://127.0.0.1:${port}/`, "x")],
  [
    "a form",
    "form-action",
    (port) => {
      const form = document.createElement("form");
      form.action = `http://127.0.0.1:${port}/`;
      document.body.append(form);
      form.submit();
    },
  ],
  [
    "another base",
    "base-uri",
    (port) => {
      const base = document.createElement("base");
      base.href = `http://127.0.0.1:${port}/`;
      document.head.append(base);
    },
  ],
];

describe("the content security policy, in the running app", () => {
  test.each(attempts)("refuses %s", async (_name, directive, attempt) => {
    expect(await refusedBy(attempt)).toBe(directive);
  });
});

describe("what the policy does not see", () => {
  test("WebRTC sends nothing", async () => {
    const gathered = await page.evaluate(async (port) => {
      const connection = new RTCPeerConnection({
        iceServers: [
          { urls: `stun:127.0.0.1:${port}` },
          { urls: `turn:127.0.0.1:${port}?transport=tcp`, username: "u", credential: "p" },
          { urls: `turn:127.0.0.1:${port}?transport=udp`, username: "u", credential: "p" },
        ],
      });
      connection.createDataChannel("x");
      await connection.setLocalDescription(await connection.createOffer());
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (connection.iceGatheringState === "complete") resolve();
        };
        connection.onicegatheringstatechange = look;
        look();
      });
      const candidates = (connection.localDescription?.sdp.match(/^a=candidate/gm) ?? []).length;
      connection.close();
      return candidates;
    }, trap.port);
    expect(gathered).toBe(0);
    expect(trap.visits()).toBe(0);
  }, 60_000);

  test("a page without the policy, in any session, cannot reach the network either", async () => {
    const failures = await shell.app.evaluate(async ({ BrowserWindow }, port) => {
      const errors: string[] = [];
      for (const partition of ["steward", "another", "persist:kept"]) {
        for (const url of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `https://127.0.0.1:${port}/`]) {
          const window = new BrowserWindow({ show: false, webPreferences: { partition } });
          errors.push(
            await window.loadURL(url).then(
              () => `${url} loaded`,
              (error: Error) => error.message,
            ),
          );
          window.destroy();
        }
      }
      return errors;
    }, trap.port);
    expect(failures).toHaveLength(9);
    for (const failure of failures) expect(failure).toContain("ERR_BLOCKED_BY_CLIENT");
    expect(trap.visits()).toBe(0);
  });

  test("no name is ever looked up, by whatever a page has in it", async () => {
    const { path, remove } = await temporaryFolder("netlog");
    try {
      const log = join(path, "net.json");
      await shell.app.evaluate(
        ({ session }, to) => session.fromPartition("steward").netLog.startLogging(to, { captureMode: "everything" }),
        log,
      );
      await page.evaluate(async (port) => {
        for (const [rel, href] of [
          ["dns-prefetch", "https://canary-prefetch.test/"],
          ["preconnect", "https://canary-preconnect.test/"],
          ["preconnect", `http://127.0.0.1:${port}/`],
          ["prefetch", "https://canary-fetched.test/"],
        ] as const) {
          document.head.append(Object.assign(document.createElement("link"), { rel, href }));
        }
        document.body.append(Object.assign(document.createElement("a"), { href: "https://canary-link.test/", textContent: "x" }));
        const connection = new RTCPeerConnection({
          iceServers: [
            { urls: "stun:canary-stun.test" },
            { urls: "turn:canary-turn.test?transport=tcp", username: "u", credential: "p" },
            { urls: "turns:canary-turns.test?transport=tcp", username: "u", credential: "p" },
            { urls: "turn:canary-udp.test?transport=udp", username: "u", credential: "p" },
          ],
        });
        connection.createDataChannel("x");
        await connection.setLocalDescription(await connection.createOffer());
        await new Promise<void>((resolve) => {
          const look = (): void => {
            if (connection.iceGatheringState === "complete") resolve();
          };
          connection.onicegatheringstatechange = look;
          look();
        });
        connection.close();
      }, trap.port);
      // Chromium looks at links when it has nothing else to do: one that is followed says when that is over.
      await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
      // A name that is looked up is in the log: that shows that the log would tell.
      await shell.app.evaluate(({ session }) =>
        session
          .fromPartition("another")
          .resolveHost("canary-control.test")
          .catch(() => undefined),
      );
      await shell.app.evaluate(({ session }) => session.fromPartition("steward").netLog.stopLogging());
      const names = new Set((await readFile(log, "utf8")).match(/canary-\w+/g));
      expect([...names]).toEqual(["canary-control"]);
      expect(trap.visits()).toBe(0);
    } finally {
      await remove();
    }
  }, 60_000);
});

test("Chromium asks nobody for anything by itself, from the start to the end, also when it has told about proxies", async () => {
  const { path, remove } = await temporaryFolder("netlog");
  const log = join(path, "net.json");
  const another = await startShell({ args: [`--log-net-log=${log}`, "--net-log-capture-mode=Everything"] });
  try {
    await request(another.page, "signIn.findHomeserver", { input: "canary-homeserver.invalid" });
    // What a session asks by itself, it asks when it is made, and after it has looked for files: later than this one.
    await another.app.evaluate(({ session }) =>
      session
        .fromPartition("one-more")
        .resolveHost("canary-last.invalid")
        .catch(() => undefined),
    );
  } finally {
    await another.close();
  }
  try {
    const text = await readFile(log, "utf8");
    expect(text.includes("canary-last")).toBe(true);
    const asked = new Set(text.match(/[\w-]+\.(?:com|net|org|invalid)\b/g));
    asked.delete("canary-last.invalid");
    expect([...asked]).toEqual([]);
  } finally {
    await remove();
  }
}, 60_000);
