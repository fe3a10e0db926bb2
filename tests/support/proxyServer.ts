import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, createServer as createTcpServer, type Server as TcpServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { listenLocally } from "./ports.ts";

export interface ProxyServerOptions {
  /** Where names lead that exist nowhere else: to a port of this computer. */
  hosts?: Readonly<Record<string, number>>;
  /** `name:password`, without which nobody comes through. */
  login?: string;
  /** What each way through is refused with. */
  refuses?: number;
}

/** A real proxy on 127.0.0.1, for one test, that notes down whom it was asked for. */
export interface ProxyServer {
  port: number;
  /** Every `host:port` that it was asked for, in the order of arrival. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** Passes on what comes from either side, until one of them ends. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}

function connectTo(authority: string, hosts: Readonly<Record<string, number>>): Socket {
  const [, name = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(authority) ?? [];
  return connect({ host: "127.0.0.1", port: hosts[name] ?? Number(port) });
}

async function running(server: Server | TcpServer, asked: string[]): Promise<ProxyServer> {
  const open = new Set<Duplex>();
  server.on("connection", (socket: Duplex) => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
  });
  return {
    port: await listenLocally(server),
    asked,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Starts an HTTP proxy that knows CONNECT alone. */
export async function startHttpProxy({ hosts = {}, login, refuses }: ProxyServerOptions = {}): Promise<ProxyServer> {
  const asked: string[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    const authority = request.url ?? "";
    asked.push(authority);
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString("base64")}`;
    if (request.headers["proxy-authorization"] !== wanted) {
      return void socket.end(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
      );
    }
    if (refuses !== undefined) return void socket.end(`HTTP/1.1 ${refuses} No\r\nContent-Length: 0\r\n\r\n`);
    const server = connectTo(authority, hosts);
    server.once("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      join(socket, server);
    });
    server.once("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"));
  });
  return running(server, asked);
}

/** Starts a SOCKS proxy (RFC 1928), with a login as RFC 1929 has it. */
export async function startSocksProxy({ hosts = {}, login, refuses }: ProxyServerOptions = {}): Promise<ProxyServer> {
  const asked: string[] = [];
  const server = createTcpServer((socket) => {
    void (async () => {
      const method = login === undefined ? 0 : 2;
      const [, count = 0] = await take(socket, 2);
      const methods = await take(socket, count);
      socket.write(Uint8Array.of(5, methods.includes(method) ? method : 0xff));
      if (!methods.includes(method)) return socket.end();
      if (login !== undefined) {
        const [, nameBytes = 0] = await take(socket, 2);
        const name = await take(socket, nameBytes);
        const [passwordBytes = 0] = await take(socket, 1);
        const right = `${name.toString()}:${(await take(socket, passwordBytes)).toString()}` === login;
        socket.write(Uint8Array.of(1, right ? 0 : 1));
        if (!right) return socket.end();
      }
      const [, , , kind] = await take(socket, 4);
      const host = kind === 1 ? (await take(socket, 4)).join(".") : (await take(socket, (await take(socket, 1))[0] ?? 0)).toString();
      const authority = `${host}:${(await take(socket, 2)).readUInt16BE()}`;
      asked.push(authority);
      const answer = (status: number): Uint8Array => Uint8Array.of(5, status, 0, 1, 0, 0, 0, 0, 0, 0);
      if (refuses !== undefined) return socket.end(answer(refuses));
      const server = connectTo(authority, hosts);
      server.once("connect", () => {
        socket.write(answer(0));
        join(socket, server);
      });
      server.once("error", () => socket.end(answer(5)));
    })().catch(() => socket.destroy());
  });
  return running(server, asked);
}

async function take(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(bytes) as Buffer | null;
    if (chunk !== null) return chunk;
    await new Promise<void>((resolve, reject) => {
      socket.once("readable", resolve).once("close", () => reject(new Error("closed")));
    });
  }
}
