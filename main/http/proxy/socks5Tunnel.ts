import { connect, isIP, type Socket } from "node:net";
import { AppFailure } from "../../../shared/errors.ts";
import type { ProxyHop } from "./route.ts";
import { proxyFailure, type Target, withSocket } from "./sockets.ts";

const VERSION = 5;
const NO_PASSWORD = 0;
const PASSWORD = 2;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;
/** "connection not allowed by ruleset" */
const NOT_ALLOWED = 2;
const MAX_BYTES = 255;

/**
 * Asks a SOCKS proxy for a way through to a server (RFC 1928, with a password RFC 1929). The proxy looks up the name.
 *
 * @throws `network`: `proxy_unreachable`, `proxy_password`, `proxy_denied`, `proxy_failed`
 */
export async function socks5Tunnel(hop: ProxyHop, target: Target, timeoutMs: number): Promise<Socket> {
  const socket = connect({ host: hop.host, port: hop.port });
  try {
    return await withSocket(socket, timeoutMs, async (failed) => {
      await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), failed]);
      await negotiate(socket, hop, target, failed);
      return socket;
    });
  } catch (thrown) {
    throw thrown instanceof AppFailure ? thrown : proxyFailure("proxy_unreachable", hop, target, thrown);
  }
}

async function negotiate(socket: Socket, hop: ProxyHop, target: Target, failed: Promise<never>): Promise<void> {
  const take = (bytes: number): Promise<Buffer> => taken(socket, bytes, failed);
  const methods = hop.credentials ? [NO_PASSWORD, PASSWORD] : [NO_PASSWORD];
  socket.write(Uint8Array.of(VERSION, methods.length, ...methods));
  const [version, method] = await take(2);
  if (version !== VERSION) throw proxyFailure("proxy_failed", hop, target);
  if (method === PASSWORD && hop.credentials) {
    const { username, password } = hop.credentials;
    socket.write(Buffer.concat([Uint8Array.of(1), counted(username), counted(password)]));
    const [, status] = await take(2);
    if (status !== 0) throw proxyFailure("proxy_password", hop, target);
  } else if (method !== NO_PASSWORD) {
    throw proxyFailure("proxy_password", hop, target);
  }
  const port = Buffer.alloc(2);
  port.writeUInt16BE(target.port);
  socket.write(Buffer.concat([Uint8Array.of(VERSION, CONNECT, 0), address(target.host), port]));
  const [, status, , kind] = await take(4);
  if (status !== 0) throw proxyFailure(status === NOT_ALLOWED ? "proxy_denied" : "proxy_failed", hop, target);
  const length = kind === IPV4 ? 4 : kind === IPV6 ? 16 : ((await take(1))[0] ?? 0);
  await take(length + 2);
}

/** The next so many bytes, and no more: what follows is the server's. */
async function taken(socket: Socket, bytes: number, failed: Promise<never>): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(bytes) as Buffer | null;
    if (chunk !== null) return chunk;
    await Promise.race([new Promise((resolve) => socket.once("readable", resolve)), failed]);
  }
}

/** A text with its length before it; one that is too long for that fits no account. */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8").subarray(0, MAX_BYTES);
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}

function address(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([IPV4, ...host.split(".").map(Number)]);
  // A name may be an address: proxies that know IPv6 read it as one.
  return Buffer.concat([Uint8Array.of(NAME), counted(host)]);
}
