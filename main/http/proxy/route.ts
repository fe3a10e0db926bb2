/** One way on from here: to the server itself, or to a proxy that is asked to go there. */
export type Hop =
  | { kind: "direct" }
  | ProxyHop
  /** Of a kind that is not spoken here, or not understood at all: what goes through it fails, and says so. */
  | { kind: "unsupported"; name: string };

/** A proxy. Its credentials stay in main, and reach no log and no error. */
export interface ProxyHop {
  /** `https` is an HTTP proxy that is itself reached by TLS. */
  kind: "http" | "https" | "socks5";
  /** A name, or an address without brackets. */
  host: string;
  port: number;
  credentials: { username: string; password: string } | null;
}

/** Ways to one server, the best first: the next is taken when a proxy cannot be reached. Never empty. */
export type Route = readonly [Hop, ...Hop[]];

export const DIRECT: Route = [{ kind: "direct" }];

const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080 } as const;
const MAX_NAME = 100;

/** A proxy's name and port as they are shown; never its credentials. */
export const proxyName = (hop: Exclude<Hop, { kind: "direct" }>): string =>
  hop.kind === "unsupported" ? hop.name : `${hop.host.includes(":") ? `[${hop.host}]` : hop.host}:${hop.port}`;

function unsupported(name: string): Hop {
  return { kind: "unsupported", name: name.slice(0, MAX_NAME) };
}

/** What a proxy's kind is called, by the scheme of its URL. */
const KINDS: Readonly<Record<string, ProxyHop["kind"]>> = {
  "http:": "http",
  "https:": "https",
  "socks5:": "socks5",
  // The same, save that the proxy looks up the name: that is what is done here in any case.
  "socks5h:": "socks5",
  "socks:": "socks5",
};

/**
 * The proxy that a variable such as `HTTPS_PROXY` names: a URL, or a name and port, which is an HTTP proxy.
 *
 * @param value not empty
 */
export function hopOfUrl(value: string): Hop {
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  // Whatever is wrong with it, it may hold a password.
  if (!URL.canParse(address)) return unsupported("?");
  const url = new URL(address);
  const kind = KINDS[url.protocol];
  if (kind === undefined) return unsupported(url.protocol.replace(/:$/, ""));
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") return unsupported("?");
  const port = url.port === "" ? DEFAULT_PORTS[kind] : Number(url.port);
  const credentials =
    url.username === "" && url.password === "" ? null : { username: decoded(url.username), password: decoded(url.password) };
  return { kind, host, port, credentials };
}

/** A part of a URL as it was meant; as it stands when it is not encoded. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The kinds of proxy in Chromium's answer, in its words. */
const PAC_KINDS: Readonly<Record<string, ProxyHop["kind"]>> = {
  PROXY: "http",
  HTTP: "http",
  HTTPS: "https",
  SOCKS5: "socks5",
};

/**
 * The route in an answer of `session.resolveProxy`, which has the form of what a proxy auto-config file returns:
 * `PROXY proxy.example:3128; DIRECT`. An empty answer is direct.
 */
export function routeOfPac(answer: string): Route {
  const hops = answer
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(hopOfPac);
  return hops.length > 0 ? (hops as [Hop, ...Hop[]]) : DIRECT;
}

function hopOfPac(part: string): Hop {
  const [word = "", address = ""] = part.split(/\s+/);
  const name = word.toUpperCase();
  if (name === "DIRECT") return { kind: "direct" };
  const kind = PAC_KINDS[name];
  if (kind === undefined) return unsupported(name);
  return hopOfUrl(`${kind}://${address}`);
}
