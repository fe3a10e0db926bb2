import type { Socket } from "node:net";
import { AppFailure, type NetworkReason } from "../../../shared/errors.ts";
import { type Hop, proxyName } from "./route.ts";

/** Whom to reach: a name, or an address without brackets. */
export interface Target {
  host: string;
  port: number;
  /** Whether the connection to it is to be TLS. */
  secure: boolean;
}

/** A host and a port in one, as URLs write them. */
export const authorityOf = ({ host, port }: { host: string; port: number }): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;

type ProxyReason = Extract<NetworkReason, `proxy_${string}`>;

/** The failure of a connection that a proxy is the reason for. */
export function proxyFailure(reason: ProxyReason, hop: Exclude<Hop, { kind: "direct" }>, target: Target, cause?: unknown): AppFailure {
  const usual = target.port === (target.secure ? 443 : 80);
  const host = usual ? authorityOf(target).replace(/:\d+$/, "") : authorityOf(target);
  return new AppFailure({ kind: "network", reason, host, proxy: proxyName(hop) }, { cause });
}

/**
 * Waits for something that a socket is to do. The socket is destroyed when that fails or takes too long.
 *
 * @param work gets what rejects when the socket fails, is closed, or the time is over (with the code `ETIMEDOUT`)
 */
export async function withSocket<T>(socket: Socket, timeoutMs: number, work: (failed: Promise<never>) => Promise<T>): Promise<T> {
  let release = (): void => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    const late = (): void => reject(Object.assign(new Error("nothing came in time"), { code: "ETIMEDOUT" }));
    const closed = (): void => reject(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
    const timer = setTimeout(late, timeoutMs);
    socket.on("error", reject).once("end", closed).once("close", closed);
    release = () => {
      clearTimeout(timer);
      socket.off("error", reject).off("end", closed).off("close", closed);
    };
  });
  failed.catch(() => undefined);
  try {
    const done = await Promise.race([work(failed), failed]);
    release();
    return done;
  } catch (thrown) {
    release();
    // What it still says of its end concerns nobody.
    socket.on("error", () => undefined).destroy();
    throw thrown;
  }
}

/** Resolves with the socket once it is ready: `connect`, or `secureConnect` for TLS. */
export function ready<S extends Socket>(socket: S, event: "connect" | "secureConnect", timeoutMs: number): Promise<S> {
  return withSocket(socket, timeoutMs, () => new Promise<S>((resolve) => void socket.once(event, () => resolve(socket))));
}
