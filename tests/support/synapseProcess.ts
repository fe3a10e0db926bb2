import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { SynapseFiles } from "./synapseConfig.ts";
import { waitUntil } from "./waitUntil.ts";

const runner = fileURLToPath(new URL("runSynapse.py", import.meta.url));

/** Thrown when the port was taken between choosing and using it. */
export class PortTakenError extends Error {}

/** A running Synapse process. It ends when the process that started it ends, however that happens. */
export class SynapseProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #output = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => (this.#output = (this.#output + String(chunk)).slice(-10_000)));
    }
    this.#exited = new Promise((resolve) => {
      child.once("close", () => resolve());
      child.once("error", () => resolve());
    });
  }

  /**
   * Starts Synapse and waits until it answers.
   *
   * @throws PortTakenError when something else listens on the port; any other error says what Synapse said
   */
  static async start(python: string, files: SynapseFiles, baseUrl: string): Promise<SynapseProcess> {
    const child = spawn(python, [runner, "--config-path", files.config], {
      cwd: files.dir,
      stdio: ["pipe", "pipe", "pipe"],
      env: existsSync(files.trusted) ? { ...process.env, SSL_CERT_FILE: files.trusted } : process.env,
    });
    const synapse = new SynapseProcess(child);
    try {
      await waitUntil(
        async () => {
          if (child.exitCode !== null || child.signalCode !== null) throw await synapse.#whyItEnded(files);
          return fetch(`${baseUrl}/health`).then(
            (answer) => answer.ok,
            () => false,
          );
        },
        { timeoutMs: 60_000, everyMs: 25, what: `Synapse on ${baseUrl}` },
      );
    } catch (error) {
      await synapse.kill();
      throw error;
    }
    return synapse;
  }

  /** Ends it at once, as a crash would, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Lets it finish what it does, and waits until it is gone. */
  async end(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#exited;
  }

  async #whyItEnded(files: SynapseFiles): Promise<Error> {
    await this.#exited;
    const log = await readFile(files.log, "utf8").catch(() => "");
    const said = `${this.#output}\n${log.slice(-5000)}`;
    if (said.includes("Address already in use")) return new PortTakenError(said);
    return new Error(`Synapse ended while starting:\n${said}`);
  }
}
