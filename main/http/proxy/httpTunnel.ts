import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import type { ProxyHop } from "./route.ts";
import { authorityOf, proxyFailure, type Target } from "./sockets.ts";

/**
 * Asks an HTTP proxy for a way through to a server (RFC 9110, "CONNECT").
 *
 * @throws `network`: `proxy_unreachable`, `proxy_password`, `proxy_denied`, `proxy_failed`
 */
export function httpTunnel(hop: ProxyHop, target: Target, timeoutMs: number): Promise<Socket> {
  const authority = authorityOf(target);
  return new Promise((resolve, reject) => {
    const request = (hop.kind === "https" ? httpsRequest : httpRequest)({
      host: hop.host,
      port: hop.port,
      method: "CONNECT",
      path: authority,
      headers: { Host: authority, ...(hop.credentials && { "Proxy-Authorization": basic(hop.credentials) }) },
      agent: false,
      ...(hop.kind === "https" && isIP(hop.host) === 0 && { servername: hop.host }),
    });
    const timer = setTimeout(() => request.destroy(new Error("the proxy did not answer in time")), timeoutMs);
    const refuse = (status: number): void => {
      const reason = status === 407 ? "proxy_password" : status >= 400 && status < 500 ? "proxy_denied" : "proxy_failed";
      reject(proxyFailure(reason, hop, target));
    };
    request.once("connect", ({ statusCode: status = 0 }, socket, head) => {
      clearTimeout(timer);
      if (status >= 200 && status < 300) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      } else {
        socket.on("error", () => undefined).destroy();
        refuse(status);
      }
    });
    // Of what is no proxy: an answer in place of a way through.
    request.once("response", (response) => {
      clearTimeout(timer);
      request.destroy();
      refuse(response.statusCode ?? 0);
    });
    request.once("error", (error) => {
      clearTimeout(timer);
      reject(proxyFailure("proxy_unreachable", hop, target, error));
    });
    request.end();
  });
}

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
