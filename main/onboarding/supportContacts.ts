import * as z from "zod";
import type { SupportContacts } from "../../shared/contract/recovery.ts";
import { UserId } from "../../shared/ids.ts";
import type { Fetch } from "../http/redirects.ts";
import { requestJson } from "../http/requestJson.ts";
import { serverText } from "../http/serverText.ts";

const TIMEOUT_MS = 8_000;
const MAX_BYTES = 50 * 1024;
const MAX_CONTACTS = 10;

const Contact = z.object({ matrix_id: z.unknown(), email_address: z.unknown(), role: z.unknown() }).partial();
const Support = z.object({
  contacts: z.array(Contact.catch({})).catch([]).default([]),
  support_page: z
    .url({ protocol: /^https$/ })
    .max(2048)
    .nullable()
    .catch(null)
    .default(null),
});

const NOBODY: SupportContacts = { contacts: [], page: null };

/**
 * Whom a homeserver says to ask (Client-Server API, "GET /.well-known/matrix/support"): at its name, and else at its
 * address. What is of no use in the answer is left out, and an answer that cannot be had names nobody.
 */
export async function supportContacts(
  { serverName, baseUrl }: { serverName: string | null; baseUrl: string },
  fetch: Fetch,
): Promise<SupportContacts> {
  const origins = new Set([...(serverName === null ? [] : [`https://${serverName}`]), new URL(baseUrl).origin]);
  for (const origin of origins) {
    const url = `${origin}/.well-known/matrix/support`;
    const asked = requestJson({ fetch, url, schema: Support, timeoutMs: TIMEOUT_MS, limitBytes: MAX_BYTES });
    const found = await asked.then(usable, () => NOBODY);
    if (found.contacts.length > 0 || found.page !== null) return found;
  }
  return NOBODY;
}

function usable({ contacts, support_page: page }: z.output<typeof Support>): SupportContacts {
  const known = contacts.map(({ matrix_id: userId, email_address: email, role }) => ({
    role: role === "m.role.admin" ? "admin" : role === "m.role.security" ? "security" : "other",
    userId: UserId.safeParse(userId).data ?? null,
    email: serverText(email, 500) || null,
  })) satisfies SupportContacts["contacts"];
  return { contacts: known.filter(({ userId, email }) => userId !== null || email !== null).slice(0, MAX_CONTACTS), page };
}
