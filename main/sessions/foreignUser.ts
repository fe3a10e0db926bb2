import { fail } from "../../shared/errors.ts";
import type { Fetch } from "../http/redirects.ts";
import type { PasswordSignIn, SignedIn } from "./signIn.ts";
import { askWellKnown } from "./wellKnown.ts";

const serverOf = (userId: string): string => userId.slice(userId.indexOf(":") + 1).toLowerCase();

/**
 * The name that the server must have whose users sign in with a request: the one in a full Matrix ID, or the one that
 * led to the address. Null where only an address is known: the name of its host need not be the server's.
 */
export function expectedServer({
  identifier,
  serverName,
  baseUrl,
}: Pick<PasswordSignIn, "serverName" | "baseUrl"> & Partial<Pick<PasswordSignIn, "identifier">>): string | null {
  if (identifier?.kind === "user" && identifier.user.startsWith("@")) return serverOf(identifier.user);
  if (serverName === null || serverName.toLowerCase() === new URL(baseUrl).host) return null;
  return serverName.toLowerCase();
}

/**
 * Refuses the answer to a sign-in that names a user of another server than was signed in to: throws `foreign_user`. One
 * name may lead to a server that calls itself by another; then the other's `.well-known` leads there too.
 */
export async function refuseForeignUser(
  expected: string | null,
  { userId, baseUrl }: Pick<SignedIn, "userId" | "baseUrl">,
  fetch: Fetch,
): Promise<void> {
  const server = serverOf(userId);
  if (expected === null || expected === server) return;
  const answer = await askWellKnown(`https://${server}`, server, fetch).catch(() => null);
  if (answer?.baseUrl === baseUrl) return;
  throw fail("foreign_user", { expected, userId });
}
