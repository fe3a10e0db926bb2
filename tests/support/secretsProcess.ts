import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { SecretsState, WhereKept } from "../../shared/contract/secrets.ts";
import type { SecretRead } from "../../main/secrets/secretStore.ts";
import type { PlainSecrets } from "./secretValues.ts";
import { within } from "./waitUntil.ts";

const CHILD = fileURLToPath(new URL("./secretsChild.ts", import.meta.url));
const CALL_TIMEOUT_MS = 20_000;

type Found = Extract<SecretRead, { kind: "found" }>;
type PlainRead = Exclude<SecretRead, Found> | (Omit<Found, "secrets"> & { secrets: PlainSecrets });

interface Calls {
  read(accountId: string): PlainRead;
  write(accountId: string, secrets: PlainSecrets): void;
  setToken(accountId: string, accessToken: string): PlainSecrets;
  remove(accountId: string): void;
  state(): SecretsState;
  retryKeychain(): SecretsState;
  choosePassphrase(passphrase: string): SecretsState;
  chooseThisTimeOnly(): SecretsState;
  unlock(passphrase: string): SecretsState;
  whereKept(): WhereKept;
  forgetPassphrase(): SecretsState;
  recallPassphrase(passphrase: string): SecretsState;
  setAside(accountId: string, folder: string): void;
  changes(): SecretsState[];
  damaged(): unknown[];
  rawGet(name: string): unknown;
  rawSet(name: string, value: string): unknown;
  rawRemove(name: string): unknown;
  writeForEver(accountId: string): never;
}

type Message = { ready?: true; round?: number; id?: number; value?: unknown; error?: unknown };

/** A process in which the secrets room runs. A failed call rejects with the `AppError`. */
export class SecretsProcess {
  readonly #child: ChildProcess;
  #id = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts one with this environment and user-data folder, and waits until it is ready. */
  static async start(env: Readonly<Record<string, string>>, userData: string): Promise<SecretsProcess> {
    const { PATH = "" } = process.env;
    const child = fork(CHILD, [userData], { env: { PATH, HOME: userData, ...env }, serialization: "advanced" });
    const process_ = new SecretsProcess(child);
    await process_.#next((message) => message.ready === true);
    return process_;
  }

  async call<K extends keyof Calls>(call: K, ...args: Parameters<Calls[K]>): Promise<ReturnType<Calls[K]>> {
    this.#id += 1;
    const id = this.#id;
    const answer = this.#next((message) => message.id === id);
    this.#child.send({ id, call, args }, () => undefined);
    const { value, error } = await answer;
    if (error !== undefined) throw error;
    return value as ReturnType<Calls[K]>;
  }

  /** Lets it write for ever, and kills it some time after it has written `rounds` times; answers the last said. */
  async killWhileWriting(accountId: string, rounds: number): Promise<number> {
    let last = -1;
    this.#child.on("message", ({ round }: Message) => (last = round ?? last));
    const enough = this.#next((message) => message.round === rounds);
    this.#child.send({ id: 0, call: "writeForEver", args: [accountId] });
    await enough;
    await this.kill();
    return last;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  #next(wanted: (message: Message) => boolean): Promise<Message> {
    const child = this.#child;
    let onMessage: (message: Message) => void = () => undefined;
    let onExit: () => void = () => undefined;
    const found = new Promise<Message>((resolve, reject) => {
      onMessage = (message) => wanted(message) && resolve(message);
      onExit = () => reject(new Error("The secrets process ended"));
      child.on("message", onMessage);
      child.on("exit", onExit);
    });
    return within(found, CALL_TIMEOUT_MS, "the secrets process").finally(() => {
      child.off("message", onMessage);
      child.off("exit", onExit);
    });
  }
}
