import { session, type Session } from "electron";

/** A session that no page ever has: pages have no network (`hardening.ts`). */
const PARTITION = "system-proxy";

/**
 * Makes the function that asks the system which proxy leads to an address: its settings, its proxy auto-config file, or
 * the network's (WPAD). Chromium follows all of them, and notices when they change.
 *
 * @returns the answer in the form of a proxy auto-config file, such as `PROXY proxy.example:3128; DIRECT`
 */
export function createSystemProxy(): (url: string) => Promise<string> {
  let opening: Promise<Session> | null = null;
  return async (url) => {
    opening ??= openSession();
    // One that could not be opened is opened anew the next time.
    opening.catch(() => (opening = null));
    return (await opening).resolveProxy(url);
  };
}

async function openSession(): Promise<Session> {
  const opened = session.fromPartition(PARTITION);
  await opened.setProxy({ mode: "system" });
  // Else the first answer may still be of the setting before.
  await opened.forceReloadProxyConfig();
  return opened;
}
