import { createServer, type AddressInfo } from "node:net";
import type { Server } from "node:net";

/** A port of 127.0.0.1 that was free a moment ago. Whoever uses it must be ready to find it taken. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenLocally(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
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
