import { createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { splitSignature, WireReader, WireWriter } from "../../main/secrets/dbusWire.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

/** What the scripted service says when it is asked. */
export interface Script {
  locked: boolean;
  /** Whether the entry asked for is there. */
  hasEntry: boolean;
  /** Whether there is a default collection. */
  hasDefault: boolean;
  /** Says nothing to any question. */
  silent: boolean;
  /** What becomes of a dialog that is to be opened, in place of being shown. */
  dialog?: "refused" | "bus goes away";
}

/**
 * A bus with a Secret Service behind it whose dialog the test answers: gnome-keyring's own needs a desktop to be shown
 * on. Speaks as much of the protocol as the app asks for.
 */
export async function startScriptedSecretService(script: Script): Promise<{
  env: Record<string, string>;
  dialogs: () => number;
  answerDialog: (unlock: boolean) => void;
  stop: () => Promise<void>;
}> {
  const folder = await temporaryFolder("bus");
  const socketPath = join(folder.path, "bus");
  const sockets = new Set<Socket>();
  let open: Socket | null = null;
  let dialogs = 0;

  const replyTo = (socket: Socket, member: string, serial: number, args: unknown[]): void => {
    const send = (signature = "", ...values: unknown[]): void => {
      socket.write(encode(2, [[5, { signature: "u", value: serial }]], signature, values));
    };
    const sendError = (name: string): void => {
      socket.write(
        encode(
          3,
          [
            [5, { signature: "u", value: serial }],
            [4, { signature: "s", value: name }],
          ],
          "",
          [],
        ),
      );
    };
    if (member !== "Hello" && script.silent) return;
    if (member === "Hello") send("s", ":1.1");
    else if (member === "AddMatch") send();
    else if (member === "SearchItems") {
      const items = script.hasEntry ? ["/item"] : [];
      send("aoao", script.locked ? [] : items, script.locked ? items : []);
    } else if (member === "ReadAlias") send("o", script.hasDefault ? "/default" : "/");
    else if (member === "Get") send("v", { signature: "b", value: script.locked });
    else if (member === "Unlock") send("aoo", script.locked ? [] : args[0], script.locked ? "/prompt" : "/");
    else if (member === "Prompt" && script.dialog === "refused") sendError("x.NotNow");
    else if (member === "Prompt" && script.dialog === "bus goes away") socket.destroy();
    else if (member === "Prompt") {
      dialogs += 1;
      open = socket;
      send();
    } else sendError("x.Unknown");
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let received: Buffer = Buffer.alloc(0);
    let begun = false;
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (!begun && received.includes("AUTH EXTERNAL") && !received.includes("BEGIN")) {
        // In two pieces, as a stream may bring it.
        socket.write("OK 0123");
        setImmediate(() => socket.write("4567\r\n"));
        received = Buffer.alloc(0);
        return;
      }
      if (!begun) {
        const at = received.indexOf("BEGIN\r\n");
        if (at < 0) return;
        begun = true;
        received = received.subarray(at + 7);
      }
      while (received.length >= 16) {
        const bodyStart = Math.ceil((16 + received.readUInt32LE(12)) / 8) * 8;
        const end = bodyStart + received.readUInt32LE(4);
        if (received.length < end) return;
        const pairs = new WireReader(received, 12).read("a(yv)") as [number, { value: string }][];
        const fields = new Map(pairs.map(([field, { value }]) => [field, value]));
        const body = new WireReader(received.subarray(bodyStart, end));
        const args = splitSignature(fields.get(8) ?? "").map((type) => body.read(type));
        const serial = received.readUInt32LE(8);
        received = received.subarray(end);
        replyTo(socket, fields.get(3) ?? "", serial, args);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));

  return {
    env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${socketPath}` },
    dialogs: () => dialogs,
    answerDialog: (unlock) => {
      if (unlock) script.locked = false;
      const fields: Field[] = [
        [1, { signature: "o", value: "/prompt" }],
        [2, { signature: "s", value: "org.freedesktop.Secret.Prompt" }],
        [3, { signature: "s", value: "Completed" }],
      ];
      open?.write(encode(4, fields, "bv", [!unlock, { signature: "ao", value: [] }]));
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await folder.remove();
    },
  };
}

type Field = [number, { signature: string; value: unknown }];

function encode(type: number, fields: Field[], signature: string, values: unknown[]): Buffer {
  const body = new WireWriter();
  splitSignature(signature).forEach((one, index) => body.write(one, values[index]));
  if (signature !== "") fields.push([8, { signature: "g", value: signature }]);
  const head = new WireWriter();
  for (const byte of [0x6c, type, 0, 1]) head.write("y", byte);
  head.write("u", body.length);
  head.write("u", 7);
  head.write("a(yv)", fields);
  head.align(8);
  return Buffer.concat([head.bytes(), body.bytes()]);
}
