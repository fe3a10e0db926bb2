import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { splitSignature, WireReader, WireWriter } from "./dbusWire.ts";
import type { Variant } from "./dbusWire.ts";

/** A question to a service on the bus. */
export interface DbusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The types of `args`, in D-Bus signature form; empty when there are none. */
  readonly signature?: string;
  readonly args?: readonly unknown[];
}

/** Names the signals of one object. */
export interface DbusSignal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

/** The service, or the bus in its place, answered with an error. `name` is a D-Bus error name, not a sentence. */
export class DbusError extends Error {
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

const METHOD_CALL = 1;
const ERROR = 3;
const SIGNAL = 4;
const NO_FLAGS = 0;
const FIELD = { path: 1, interface: 2, member: 3, errorName: 4, replySerial: 5, destination: 6, signature: 8 } as const;
const BUS = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
} as const;
/** Far more than any answer we ask for; the specification allows 128 MiB. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

type Waiting = { resolve: (values: unknown[]) => void; reject: (error: Error) => void };

/**
 * Where the session bus listens: a path for `net.connect`, or null when there is none that can be reached (no address,
 * or only kinds of address that need a helper program).
 */
export function sessionBusPath(env: Readonly<Record<string, string | undefined>>): string | null {
  const addresses = env["DBUS_SESSION_BUS_ADDRESS"];
  if (addresses === undefined || addresses === "") {
    const runtimeFolder = env["XDG_RUNTIME_DIR"];
    return runtimeFolder ? join(runtimeFolder, "bus") : null;
  }
  for (const address of addresses.split(";")) {
    const [transport, list = ""] = splitOnce(address, ":");
    if (transport !== "unix") continue;
    const keys = new Map(list.split(",").map((pair) => splitOnce(pair, "=")));
    const path = keys.get("path");
    if (path) return decodeURIComponent(path);
    const abstract = keys.get("abstract");
    if (abstract) return `\0${decodeURIComponent(abstract)}`;
  }
  return null;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * A client of the session bus that makes calls, reads their answers and waits for signals, nothing else. It exists because keytar cannot
 * tell a locked keychain from an entry that is not there, and because asking keytar may open a dialog and never return.
 */
export class DbusConnection {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #expected: (DbusSignal & Waiting)[] = [];
  #received: Buffer = Buffer.alloc(0);
  #authenticated = false;
  #onAuthenticated: ((error: Error | null) => void) | null = null;
  #serial = 0;

  /** Begins to connect; nothing can be asked before `open` has resolved. */
  constructor(path: string) {
    const socket = connect({ path });
    this.#socket = socket;
    socket.on("data", (bytes) => this.#onData(bytes));
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("D-Bus: connection closed")));
  }

  /** Says who we are and gets a name on the bus. Rejects when that or the connection fails. */
  async open(): Promise<void> {
    await this.#authenticate();
    await this.call({ ...BUS, member: "Hello" });
  }

  /** Answers the reply's values. Rejects with `DbusError` when the reply is an error. */
  call(call: DbusCall): Promise<unknown[]> {
    this.#serial += 1;
    const serial = this.#serial;
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error("D-Bus: connection closed"));
      this.#waiting.set(serial, { resolve, reject });
      this.#socket.write(encodeCall(serial, call));
    });
  }

  /** Answers the values of the next signal of that kind. The rule is in place before a later `call` is made. */
  nextSignal(signal: DbusSignal): Promise<unknown[]> {
    const rule = `type='signal',path='${signal.path}',interface='${signal.interface}',member='${signal.member}'`;
    return new Promise((resolve, reject) => {
      this.#expected.push({ ...signal, resolve, reject });
      this.call({ ...BUS, member: "AddMatch", signature: "s", args: [rule] }).catch(reject);
    });
  }

  /** Everything that still waits for an answer is rejected. */
  close(): void {
    this.#socket.destroy();
  }

  /** The EXTERNAL mechanism: the socket itself proves the user id (specification, "Authentication Protocol"). */
  #authenticate(): Promise<void> {
    const userId = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    return new Promise((resolve, reject) => {
      this.#onAuthenticated = (error) => (error === null ? resolve() : reject(error));
      this.#socket.write(`\0AUTH EXTERNAL ${userId}\r\n`);
    });
  }

  #onData(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    try {
      if (!this.#authenticated) this.#readGreeting();
      if (this.#authenticated) while (this.#readMessage());
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error("D-Bus: message not understood"));
    }
  }

  #readGreeting(): void {
    const end = this.#received.indexOf("\r\n");
    if (end < 0) return;
    const accepted = this.#received.subarray(0, end).toString("latin1").startsWith("OK ");
    this.#received = this.#received.subarray(end + 2);
    if (!accepted) throw new Error("D-Bus: the bus refused us");
    this.#authenticated = true;
    this.#socket.write("BEGIN\r\n");
    this.#onAuthenticated?.(null);
  }

  /** Takes one message off the received bytes; false when there is no whole one yet. */
  #readMessage(): boolean {
    if (this.#received.length < 16) return false;
    if (this.#received[0] !== 0x6c) throw new Error("D-Bus: unexpected byte order");
    const bodyLength = this.#received.readUInt32LE(4);
    const bodyStart = Math.ceil((16 + this.#received.readUInt32LE(12)) / 8) * 8;
    if (bodyStart + bodyLength > MAX_MESSAGE_BYTES) throw new Error("D-Bus: message too long");
    if (this.#received.length < bodyStart + bodyLength) return false;
    const message = this.#received.subarray(0, bodyStart + bodyLength);
    this.#received = this.#received.subarray(bodyStart + bodyLength);
    this.#deliver(message, bodyStart);
    return true;
  }

  #deliver(message: Buffer, bodyStart: number): void {
    const pairs = new WireReader(message, 12).read("a(yv)") as [number, Variant][];
    const fields = new Map(pairs.map(([field, variant]) => [field, variant.value]));
    const values = (): unknown[] => {
      // A slice that starts at zero: alignment counts from the start of the body, which is itself 8-aligned.
      const body = new WireReader(message.subarray(bodyStart));
      return splitSignature((fields.get(FIELD.signature) as string | undefined) ?? "").map((type) => body.read(type));
    };
    if (message[1] === SIGNAL) {
      const index = this.#expected.findIndex(
        ({ path, interface: name, member }) =>
          path === fields.get(FIELD.path) && name === fields.get(FIELD.interface) && member === fields.get(FIELD.member),
      );
      this.#expected.splice(index, index < 0 ? 0 : 1).forEach(({ resolve }) => resolve(values()));
      return;
    }
    const replyTo = Number(fields.get(FIELD.replySerial));
    const waiting = this.#waiting.get(replyTo);
    this.#waiting.delete(replyTo);
    if (message[1] === ERROR) waiting?.reject(new DbusError(String(fields.get(FIELD.errorName))));
    else waiting?.resolve(values());
  }

  #end(error: Error): void {
    this.#onAuthenticated?.(error);
    for (const { reject } of [...this.#waiting.values(), ...this.#expected]) reject(error);
    this.#waiting.clear();
    this.#expected.length = 0;
  }
}

function encodeCall(serial: number, call: DbusCall): Buffer {
  const { signature = "", args = [] } = call;
  const body = new WireWriter();
  splitSignature(signature).forEach((type, index) => body.write(type, args[index]));
  const fields: [number, Variant][] = [
    [FIELD.path, { signature: "o", value: call.path }],
    [FIELD.interface, { signature: "s", value: call.interface }],
    [FIELD.member, { signature: "s", value: call.member }],
    [FIELD.destination, { signature: "s", value: call.destination }],
  ];
  if (signature !== "") fields.push([FIELD.signature, { signature: "g", value: signature }]);
  const head = new WireWriter();
  for (const byte of ["l".charCodeAt(0), METHOD_CALL, NO_FLAGS, 1]) head.write("y", byte);
  head.write("u", body.length);
  head.write("u", serial);
  head.write("a(yv)", fields);
  head.align(8);
  return Buffer.concat([head.bytes(), body.bytes()]);
}
