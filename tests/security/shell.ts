import { createSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import type { ElectronApplication, Page } from "playwright";
import type { Reply } from "../../shared/errors.ts";
import { startApp } from "../support/electronApp.ts";

/** A running Steward and its one page. */
export interface Shell {
  app: ElectronApplication;
  page: Page;
  userData: string;
  close(): Promise<void>;
}

/** The bridge as a page of any origin may see it. */
export interface Bridge {
  steward: { request(channel: string, input: unknown): Promise<Reply<unknown>> };
}

/**
 * Starts the staged app in a folder of its own, or in the one given (which is then the caller's to remove).
 *
 * @param options.args further switches for Chromium
 */
export async function startShell(options: { userData?: string; args?: readonly string[] } = {}): Promise<Shell> {
  const steward = await startApp(options);
  return {
    app: steward.electron,
    page: steward.page,
    userData: steward.userData,
    close: () => steward.close(),
  };
}

/** What the app needs where tests run: no GPU under Xvfb, and no sandbox for root, which Chromium cannot give. */
export function harnessArgs(userData: string): string[] {
  return [`--user-data-dir=${userData}`, "--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
}

/** Asks main through the page's bridge. */
export function request(page: Page, channel: string, input: unknown): Promise<Reply<unknown>> {
  return page.evaluate(([name, value]) => (globalThis as unknown as Bridge).steward.request(name, value), [channel, input] as const);
}

/** Something that listens on this computer and counts who comes by. */
export interface Trap {
  port: number;
  /** TCP connections and UDP packets so far. */
  visits(): number;
  close(): Promise<void>;
}

/** Opens a TCP and a UDP port of the same number that count every connection and packet. */
export async function openTrap(): Promise<Trap> {
  let visits = 0;
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    visits += 1;
    open.add(socket);
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAccess-Control-Allow-Origin: *\r\n\r\n");
  });
  const port = await listen(tcp);
  const udp = createSocket("udp4", () => {
    visits += 1;
  });
  await new Promise<void>((resolve) => udp.bind(port, "127.0.0.1", resolve));
  return {
    port,
    visits: () => visits,
    close: async () => {
      await new Promise<void>((resolve) => udp.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => void tcp.close(() => resolve()));
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address && typeof address === "object") resolve(address.port);
    });
  });
}
