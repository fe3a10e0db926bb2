import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { isFailure } from "../../../shared/errors.ts";
import { httpTunnel } from "./httpTunnel.ts";
import type { Hop, Route } from "./route.ts";
import { proxyFailure, ready, type Target } from "./sockets.ts";
import { socks5Tunnel } from "./socks5Tunnel.ts";

/** How long a proxy may take to open a way to the server, in milliseconds. */
const TUNNEL_MS = 20_000;

/**
 * Opens a connection to a server by the first hop of the route that can be reached, TLS included. What goes wrong behind
 * a proxy that was reached (it wants a password, or lets nobody through) is no reason to take the next one.
 *
 * @throws `network` with a reason that begins with `proxy_`; what Node throws where the server itself is at fault
 */
export async function openConnection(route: Route, target: Target, timeoutMs = TUNNEL_MS): Promise<Socket> {
  let unreachable: unknown;
  for (const hop of route) {
    try {
      const socket = await openTunnel(hop, target, timeoutMs);
      return target.secure ? await secured(socket, target.host, timeoutMs) : socket;
    } catch (thrown) {
      if (!isUnreachable(thrown)) throw thrown;
      unreachable ??= thrown;
    }
  }
  throw unreachable;
}

function isUnreachable(thrown: unknown): boolean {
  if (!isFailure(thrown, "network")) return false;
  return ["proxy_unreachable", "proxy_unsupported"].includes(thrown.error.reason);
}

async function openTunnel(hop: Hop, target: Target, timeoutMs: number): Promise<Socket> {
  switch (hop.kind) {
    case "direct":
      return ready(connectTcp({ host: target.host, port: target.port }), "connect", timeoutMs);
    case "unsupported":
      throw proxyFailure("proxy_unsupported", hop, target);
    case "socks5":
      return socks5Tunnel(hop, target, timeoutMs);
    default:
      return httpTunnel(hop, target, timeoutMs);
  }
}

/** TLS with the server itself, over whatever leads to it: no proxy can read along. */
function secured(socket: Socket, host: string, timeoutMs: number): Promise<Socket> {
  const tls = connectTls({ socket, host, ALPNProtocols: ["http/1.1"], ...(isIP(host) === 0 && { servername: host }) });
  return ready(tls, "secureConnect", timeoutMs);
}
