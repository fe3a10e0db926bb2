import type { LoginIdentifier } from "../../../shared/contract/signIn.ts";

export type IdentifierKind = LoginIdentifier["kind"];

interface Typed {
  readonly kind: IdentifierKind;
  readonly user: string;
  readonly email: string;
  readonly country: string;
  readonly number: string;
}

/** What was typed as main wants it, or null when it is not complete. */
export function identifierOf({ kind, user, email, country, number }: Typed): LoginIdentifier | null {
  switch (kind) {
    case "user":
      return user.trim() ? { kind, user: user.trim() } : null;
    case "email":
      return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.trim()) ? { kind, address: email.trim() } : null;
    case "phone":
      return number.replace(/\D/g, "").length >= 3 ? { kind, country, number: number.trim() } : null;
  }
}

/** The server of a full Matrix ID when it is not `serverName`, else null. Server names ignore case. */
export function otherServerOf(identifier: LoginIdentifier, serverName: string): string | null {
  if (identifier.kind !== "user") return null;
  const server = /^@[^:]*:(.+)$/.exec(identifier.user)?.[1];
  return server && server.toLowerCase() !== serverName.toLowerCase() ? server : null;
}
