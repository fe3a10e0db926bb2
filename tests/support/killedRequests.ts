import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LineProcess, runScript } from "./childProcess.ts";
import type { RequestLine } from "./requestsChild.ts";
import type { StewardData } from "./stewardServices.ts";

const CHILD = fileURLToPath(new URL("./requestsChild.ts", import.meta.url));
/** How long a process may take to start, and to answer; in milliseconds. */
const START_MS = 60_000;

/** A Steward in a process of its own that does what it is told, and is killed in the middle of it. */
export class KillableSteward {
  readonly #child: LineProcess;
  readonly #data: StewardData;
  #requests = 0;

  private constructor(child: LineProcess, data: StewardData) {
    this.#child = child;
    this.#data = data;
  }

  /** Starts it on a data folder, whose services are closed here first. @param password what it answers when it is asked who it is */
  static async start(data: StewardData, password: string): Promise<KillableSteward> {
    await data.close();
    const keychainFile = keychainOf(data);
    await writeFile(keychainFile, JSON.stringify([...data.keychain.entries]));
    const child = runScript(CHILD, [data.folder, keychainFile, password]);
    await child.line("ready", START_MS).catch(async (thrown: unknown) => {
      await child.kill();
      throw thrown;
    });
    return new KillableSteward(child, data);
  }

  /** Has it do a request. @returns the number under which it answers */
  tell(service: RequestLine["service"], request: string, input: object): number {
    this.#child.process.stdin.write(`${JSON.stringify({ service, request, input } satisfies RequestLine)}\n`);
    return (this.#requests += 1);
  }

  /** Has it do a request, and waits for what comes of it. */
  async ask(service: RequestLine["service"], request: string, input: object): Promise<Record<string, unknown>> {
    const start = `answer ${this.tell(service, request, input)} `;
    return JSON.parse((await this.#child.line(start, START_MS)).slice(start.length)) as Record<string, unknown>;
  }

  /** The page that it would have opened. */
  async opened(): Promise<string> {
    return (await this.#child.line("opened ", START_MS)).slice("opened ".length);
  }

  /** Kills it. What it has put into its keychain is in the test's own then. */
  async kill(): Promise<void> {
    await this.#child.kill();
    const entries = JSON.parse(await readFile(keychainOf(this.#data), "utf8")) as [string, string][];
    for (const [name, value] of entries) this.#data.keychain.entries.set(name, value);
  }
}

const keychainOf = (data: StewardData): string => join(data.folder, "keychain.json");
