import { connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { TestCertificate } from "./certificate.ts";
import { listenLocally } from "./ports.ts";

/** The first byte of every TLS connection: a record of the handshake. */
const TLS_HANDSHAKE = 0x16;

/** One port that speaks TLS and plain http, before a server that speaks http alone. */
export interface TlsFront {
  port: number;
  stop(): Promise<void>;
}

/** Starts one before a port of this computer. */
export async function startTlsFront(certificate: TestCertificate, to: number, port = 0): Promise<TlsFront> {
  const open = new Set<Socket>();
  const join = (client: Socket): void => {
    const server = connect(to, "127.0.0.1");
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      socket.on("error", () => undefined);
    }
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
    client.pipe(server).pipe(client);
  };
  const secure = createTlsServer({ key: certificate.key, cert: certificate.cert }, join);
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    socket.once("readable", () => {
      const first = socket.read(1) as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) secure.emit("connection", socket);
      else join(socket);
    });
  });
  const listening = await listenLocally(server, port);
  return {
    port: listening,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
