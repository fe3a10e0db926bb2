import { once } from "node:events";
import { waitUntil } from "./waitUntil.ts";

interface Target {
  type: string;
  url: string;
  webSocketDebuggerUrl?: string;
}

interface Answer {
  id?: number;
  error?: { message: string };
  result?: { result: { value?: unknown }; exceptionDetails?: { text: string; exception?: { description?: string } } };
}

/**
 * Runs functions in the page of a program with an open debugging port (Chrome DevTools Protocol). Playwright can only
 * attach to an Electron that it started itself, and starting through it takes part in what is measured.
 */
export class PageConnection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  /**
   * Connects to the first page.
   *
   * @param host of the debugging port, with the port
   * @param address how the page's address begins: a window that has not loaded its page yet has another one
   */
  static async open(host: string, address = ""): Promise<PageConnection> {
    const url = await waitUntil(
      async () => {
        const targets = (await (await fetch(`http://${host}/json/list`)).json()) as Target[];
        return targets.find(({ type, url }) => type === "page" && url.startsWith(address))?.webSocketDebuggerUrl;
      },
      { what: "the window's page" },
    );
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new PageConnection(socket);
  }

  /** Runs a function in the page and answers what it gives; it sees nothing of what surrounds it here. */
  async evaluate<A extends unknown[], T>(work: (...given: A) => T, ...given: A): Promise<Awaited<T>> {
    const id = (this.#lastId += 1);
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    const expression = `(${work.toString()})(...${JSON.stringify(given)})`;
    this.#socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params: { expression, awaitPromise: true, returnByValue: true } }));
    const { result, error } = await answered;
    this.#waiting.delete(id);
    if (!result || result.exceptionDetails) {
      const { exception, text } = result?.exceptionDetails ?? { text: error?.message ?? "no answer" };
      throw new Error(exception?.description ?? text);
    }
    return result.result.value as Awaited<T>;
  }

  close(): void {
    this.#socket.close();
  }
}
