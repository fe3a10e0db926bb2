import { randomBytes } from "node:crypto";
import * as z from "zod";
import { type AccessToken, type RefreshToken, type Secret, SecretBytes, type StorageKey } from "../../shared/secret.ts";
import { secretText } from "../../shared/secretSchemas.ts";
import { type AccountSecrets, NO_IDENTITY_PIN } from "../secrets/secretStore.ts";

const STORAGE_KEY_BYTES = 32;

/** What a sign-in gives to be kept secret. */
export interface SignedInTokens {
  accessToken: AccessToken;
  /** Null where the server gave none. */
  refreshToken: RefreshToken | null;
  /** As `AccountSecrets` has it; undefined where no authorization server has given the tokens. */
  oauth: string | undefined;
}

/** The tokens in what a sign-in gave, all of them: none of the session before stays beside them. */
export function tokensOf(signedIn: { accessToken: AccessToken } & Partial<SignedInTokens>): SignedInTokens {
  return { accessToken: signedIn.accessToken, refreshToken: signedIn.refreshToken ?? null, oauth: signedIn.oauth };
}

/** Each of them. */
export function secretsOf({ accessToken, refreshToken }: SignedInTokens): Secret[] {
  return refreshToken === null ? [accessToken] : [accessToken, refreshToken];
}

/** What is kept of sessions whose place another has taken: `AccountSecrets.replaced`. */
const Replaced = z.array(
  z.object({ accessToken: secretText("access token"), refreshToken: secretText("refresh token").nullable(), oauth: z.string().optional() }),
);
/** As many are kept at most: one that signs in again more often than this while its server is away ends the others there. */
const MAX_REPLACED = 5;

/** The sessions whose place this one has taken, and whose server is still to be told. */
export function replacedIn({ replaced }: Pick<AccountSecrets, "replaced">): SignedInTokens[] {
  if (replaced === undefined) return [];
  try {
    return (Replaced.safeParse(JSON.parse(replaced)).data ?? []).map(tokensOf);
  } catch {
    return [];
  }
}

/**
 * The same secrets with the tokens of another sign-in. An authorization server would go on listing the session of those before,
 * so they are kept until it has been told; a homeserver forgets them by itself, and those of one that signs in with a password.
 */
export function withTokens(secrets: AccountSecrets, signedIn: { accessToken: AccessToken } & Partial<SignedInTokens>): AccountSecrets {
  const changed = { ...secrets, ...tokensOf(signedIn) };
  return signedIn.oauth === undefined ? changed : withReplaced(changed, [...replacedIn(secrets), tokensOf(secrets)]);
}

/** The same secrets without one of the sessions that were replaced. */
export function withoutReplaced(secrets: AccountSecrets, { accessToken }: SignedInTokens): AccountSecrets {
  return withReplaced(
    secrets,
    replacedIn(secrets).filter((tokens) => !tokens.accessToken.equals(accessToken)),
  );
}

function withReplaced({ replaced: _before, ...secrets }: AccountSecrets, replaced: SignedInTokens[]): AccountSecrets {
  return replaced.length === 0 ? secrets : { ...secrets, replaced: JSON.stringify(z.encode(Replaced, replaced.slice(-MAX_REPLACED))) };
}

/** A fresh random key for a crypto store. */
export function newStorageKey(): StorageKey {
  return new SecretBytes("storage key", randomBytes(STORAGE_KEY_BYTES));
}

/** The secrets of a session that has just been signed in, with a key for a crypto store that is still to be made. */
export function initialSecrets(signedIn: { accessToken: AccessToken } & Partial<SignedInTokens>): AccountSecrets {
  return {
    ...tokensOf(signedIn),
    storageKey: newStorageKey(),
    pendingSetUp: null,
    keptSecurityKey: null,
    newDevice: null,
    identity: NO_IDENTITY_PIN,
  };
}
