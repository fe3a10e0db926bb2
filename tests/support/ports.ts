import { randomInt } from "node:crypto";
import { createServer, type AddressInfo } from "node:net";
import type { Server } from "node:net";

/** Below the ports that systems give to outgoing connections and to servers that name none (on Linux from 32768). */
const [FIRST_PORT, PORTS] = [10_000, 20_000];

/**
 * A port of 127.0.0.1 that was free a moment ago, and that only another caller of this function may take: none that the
 * system gives away by itself in the meantime.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    try {
      const port = await listenLocally(server, FIRST_PORT + randomInt(PORTS));
      await new Promise<void>((resolve) => server.close(() => resolve()));
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}

/** Makes a server listen on 127.0.0.1, on a free port unless one is named, and answers the port. */
export async function listenLocally(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}
