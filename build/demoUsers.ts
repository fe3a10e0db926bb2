import type { Synapse } from "../tests/support/synapse.ts";

const FIRST = [
  "Amara",
  "Bruno",
  "Chiara",
  "Dmitri",
  "Esi",
  "Farid",
  "Greta",
  "Hana",
  "Ivo",
  "Jun",
  "Katya",
  "Luis",
  "Mina",
  "Nils",
  "Oona",
];
const LAST = ["Abebe", "Berg", "Costa", "Diaz", "Endo", "Fischer", "Gomes", "Haddad", "Ito", "Jensen", "Kaya", "Lund", "Moreau", "Novak"];

/** How many users an admin finds on the demo's homeserver, besides the accounts to try. */
export const DEMO_USERS = 200;

interface DemoUser {
  localpart: string;
  displayName: string;
}

/** The nth of the users; no two are alike. Every tenth belongs to a bridge. */
function demoUser(index: number): DemoUser {
  if (index % 10 === 9) return { localpart: `telegram_${String(48_200 + index * 17)}`, displayName: `Telegram user ${String(index)}` };
  const first = FIRST[index % FIRST.length] ?? "";
  const last = LAST[index % LAST.length] ?? "";
  return { localpart: `${first}.${last}`.toLowerCase(), displayName: `${first} ${last}` };
}

/**
 * Makes users that an admin can look through: most with an email address, some deactivated, some locked, some of a bridge.
 * None has a password, so nobody can sign in as one.
 */
export async function makeDemoUsers(synapse: Synapse, serverName: string, token: string): Promise<void> {
  const indexes = Array.from({ length: DEMO_USERS }, (_, index) => index);
  const makeNext = async (): Promise<void> => {
    for (let index = indexes.shift(); index !== undefined; index = indexes.shift()) {
      const { localpart, displayName } = demoUser(index);
      const path = `/_synapse/admin/v2/users/${encodeURIComponent(`@${localpart}:${serverName}`)}`;
      const threepids = index % 10 === 9 ? [] : [{ medium: "email", address: `${localpart}@example.org` }];
      await synapse.call({ method: "PUT", path, token, body: { displayname: displayName, threepids } });
      // A server takes neither with the creation.
      if (index % 25 === 3) await synapse.call({ method: "PUT", path, token, body: { deactivated: true } });
      if (index % 40 === 5) await synapse.call({ method: "PUT", path, token, body: { locked: true } });
    }
  };
  await Promise.all([makeNext(), makeNext(), makeNext(), makeNext()]);
}
