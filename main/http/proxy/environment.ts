import { BlockList, isIP } from "node:net";
import { isLocalhost } from "../loopback.ts";
import { DIRECT, type Hop, hopOfUrl, type Route } from "./route.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about proxies. */
export interface ProxyEnvironment {
  /** The way to a server; null where the environment says nothing about it. */
  routeTo(url: URL): Route | null;
  /** The passwords in it, to be kept out of logs. */
  readonly secrets: readonly string[];
}

/** A variable in small letters or in capitals; small letters count first, as with curl. An empty one says nothing. */
function variable(environment: Environment, name: string): string | null {
  const value = (environment[name] ?? environment[name.toUpperCase()])?.trim();
  return value === undefined || value === "" ? null : value;
}

/**
 * Reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in small letters or capitals. This computer's own
 * addresses are never reached by a proxy, nor is what `no_proxy` names.
 */
export function readProxyEnvironment(environment: Environment): ProxyEnvironment {
  const excluded = exclusions(variable(environment, "no_proxy") ?? "");
  const all = variable(environment, "all_proxy");
  const hopOf = (name: string): Hop | null => {
    const value = variable(environment, name) ?? all;
    return value === null ? null : hopOfUrl(value);
  };
  const hops: Readonly<Record<string, Hop | null>> = { "http:": hopOf("http_proxy"), "https:": hopOf("https_proxy") };
  return {
    routeTo: (url) => {
      if (isLocalhost(url.hostname) || excluded(url)) return DIRECT;
      const hop = hops[url.protocol] ?? null;
      return hop && [hop];
    },
    secrets: Object.values(hops).flatMap((hop) =>
      hop !== null && "credentials" in hop && hop.credentials !== null && hop.credentials.password !== "" ? [hop.credentials.password] : [],
    ),
  };
}

/** One entry of `no_proxy`: what it fits, and the port it is about. */
interface Exclusion {
  fits: (hostname: string) => boolean;
  port: string | null;
}

/**
 * What `no_proxy` names: names with all below them, addresses, ranges such as `10.0.0.0/8`, each with or without a port;
 * `*` is everything. Entries are separated by commas or blanks. What is not understood fits nothing.
 */
function exclusions(list: string): (url: URL) => boolean {
  const entries = list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map((entry) => exclusionOf(entry.toLowerCase()));
  return (url) => {
    const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    return entries.some((entry) => (entry.port === null || entry.port === port) && entry.fits(hostname));
  };
}

function exclusionOf(entry: string): Exclusion {
  if (entry === "*") return { fits: () => true, port: null };
  const range = /^\[?([\d.]+|[\da-f:.]+)\]?\/(\d{1,3})$/.exec(entry);
  if (range) return { fits: inRange(range[1] ?? "", Number(range[2])), port: null };
  // An IPv6 address has colons of its own: a port can only follow brackets.
  const withPort = isIP(entry) === 6 ? null : /^(.*):(\d+)$/.exec(entry);
  const host = (withPort?.[1] ?? entry).replace(/^\[(.*)\]$/, "$1");
  const port = withPort?.[2] ?? null;
  if (isIP(host) !== 0) return { fits: inRange(host, isIP(host) === 6 ? 128 : 32), port };
  const name = host.replace(/^\*?\./, "").replace(/\.$/, "");
  return { fits: (hostname) => name !== "" && (hostname === name || hostname.endsWith(`.${name}`)), port };
}

function inRange(address: string, bits: number): (hostname: string) => boolean {
  const family = isIP(address);
  if (family === 0 || bits > (family === 6 ? 128 : 32)) return () => false;
  const list = new BlockList();
  list.addSubnet(address, bits, family === 6 ? "ipv6" : "ipv4");
  return (hostname) => {
    const theirs = isIP(hostname);
    return theirs === family && list.check(hostname, theirs === 6 ? "ipv6" : "ipv4");
  };
}
