import { app, type Session, type WebContents } from "electron";
import { isOwnPage } from "../ipc/trustedSender.ts";
import type { Logger } from "../logging/logger.ts";

export interface HardeningOptions {
  /** True where a person keeps their accounts: developer tools are out of reach there. */
  locked: boolean;
  logger: Logger;
}

/** What a page of ours may load: itself, and pictures it made in memory. Developer tools load themselves. */
function mayLoad(url: string, locked: boolean): boolean {
  if (url.startsWith("blob:")) return isOwnPage(url.slice("blob:".length));
  return isOwnPage(url) || url.startsWith("data:image/") || (!locked && url.startsWith("devtools:"));
}

/** On this computer, where nobody but root could listen. */
const NO_PROXY_THERE = "socks5://127.0.0.1:1";

function hardenSession(session: Session, { locked, logger }: HardeningOptions): void {
  session.setPermissionRequestHandler((_contents, permission, decide) => {
    logger.warn("refused a permission", { permission });
    decide(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setSpellCheckerEnabled(false);
  // Switched off, it would still fetch a dictionary from Google. macOS has its own, and no such list.
  if (process.platform !== "darwin") session.setSpellCheckerLanguages([]);
  session.on("will-download", (event) => {
    logger.warn("refused a download");
    event.preventDefault();
  });
  session.webRequest.onBeforeRequest(({ url }, decide) => {
    const allowed = mayLoad(url, locked);
    if (!allowed) logger.warn("refused a request from a page", { scheme: url.slice(0, url.indexOf(":")) });
    decide({ cancel: !allowed });
  });
  // What the filter does not see, such as the names of WebRTC's servers, ends at a proxy that is not there: it would look
  // up the names. Nor is a proxy looked for (WPAD): the question itself would be traffic.
  void session.setProxy({ mode: "fixed_servers", proxyRules: NO_PROXY_THERE, proxyBypassRules: "<-loopback>" });
}

function hardenContents(contents: WebContents, { locked, logger }: HardeningOptions): void {
  const refuse = (what: string) => (event: { preventDefault(): void }) => {
    logger.warn(`refused ${what}`);
    event.preventDefault();
  };
  contents.on("will-navigate", refuse("a navigation"));
  contents.on("will-frame-navigate", refuse("a navigation of a frame"));
  contents.on("will-redirect", refuse("a redirect"));
  contents.on("will-attach-webview", refuse("a webview"));
  // Preventing this lets the window close: no page decides whether the app may end.
  contents.on("will-prevent-unload", (event) => event.preventDefault());
  contents.on("select-bluetooth-device", (event, _devices, choose) => {
    event.preventDefault();
    choose("");
  });
  contents.setWindowOpenHandler(() => {
    logger.warn("refused a new window");
    return { action: "deny" };
  });
  // WebRTC does not ask the request filter or the CSP; without it, a page could still send UDP.
  contents.setWebRTCIPHandlingPolicy("disable_non_proxied_udp");
  if (locked) contents.on("devtools-opened", () => contents.closeDevTools());
}

/**
 * Takes from every page, in every session, what Steward's pages never need: navigation, windows, webviews, permissions,
 * devices, downloads, network. Must be called before the app is ready, so that nothing is created before it.
 */
export function hardenApp(options: HardeningOptions): void {
  // enableSandbox() takes --no-sandbox off the command line. Chromium cannot sandbox what root runs, so root (and
  // nobody else) may ask to go without; every other person's --no-sandbox is ignored.
  const rootWithoutSandbox = process.getuid?.() === 0 && app.commandLine.hasSwitch("no-sandbox");
  if (!rootWithoutSandbox) app.enableSandbox();
  // Nor do links of a page look up names. A rule for all names would do the same, and keep Chromium from finding the
  // system's proxy auto-config file (`systemProxy.ts`).
  app.commandLine.appendSwitch("blink-settings", "dnsPrefetchingEnabled=false");
  app.on("session-created", (session) => hardenSession(session, options));
  app.on("web-contents-created", (_event, contents) => hardenContents(contents, options));
}
