import type { LoginIdentifier } from "../../../shared/contract/signIn.ts";
import { type Read, readEmail, readPhone, readUser } from "../../../shared/fields.ts";

export type IdentifierKind = LoginIdentifier["kind"];

interface Typed {
  readonly kind: IdentifierKind;
  readonly user: string;
  readonly email: string;
  readonly country: string;
  readonly number: string;
}

/** What was typed as main wants it, or what is wrong with it. */
export function identifierOf({ kind, user, email, country, number }: Typed): Read<LoginIdentifier> {
  switch (kind) {
    case "user":
      return withValue(readUser(user), (value) => ({ kind, user: value }));
    case "email":
      return withValue(readEmail(email), (address) => ({ kind, address }));
    case "phone":
      return withValue(readPhone(number), (value) => ({ kind, country, number: value }));
  }
}

function withValue<T>(read: Read<string>, make: (value: string) => T): Read<T> {
  return read.problem === undefined ? { value: make(read.value) } : read;
}

/** The server of a full Matrix ID when it is not `serverName`, else null. Server names ignore case. */
export function otherServerOf(identifier: LoginIdentifier, serverName: string): string | null {
  if (identifier.kind !== "user") return null;
  const server = /^@[^:]*:(.+)$/.exec(identifier.user)?.[1];
  return server && server.toLowerCase() !== serverName.toLowerCase() ? server : null;
}
