import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { listenLocally } from "./ports.ts";

/** A request as it arrived, its body read to the end. */
export interface Arrived {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** A server on 127.0.0.1 whose answers a test writes itself, to the byte. */
export class LocalServer {
  /** Every request so far, in the order of arrival. */
  readonly arrived: Arrived[] = [];
  /** How many connections are open. */
  connections = 0;
  readonly #server: Server;
  #port = 0;

  private constructor(answer: (response: ServerResponse, request: Arrived) => void) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        const arrived = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
        this.arrived.push(arrived);
        answer(response, arrived);
      });
    });
    this.#server.on("connection", (socket) => {
      this.connections += 1;
      socket.once("close", () => (this.connections -= 1));
    });
  }

  /** Starts one that answers like this; `answer` may leave the response open. */
  static async start(answer: (response: ServerResponse, request: Arrived) => void): Promise<LocalServer> {
    const server = new LocalServer(answer);
    server.#port = await listenLocally(server.#server);
    return server;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
