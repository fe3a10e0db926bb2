import * as z from "zod";
import { AccountSecrets } from "../../main/secrets/secretStore.ts";
import {
  type AccessToken,
  type PrivateKey,
  type RefreshToken,
  Secret,
  SecretBytes,
  type SecretKind,
  type SecurityKeyBytes,
} from "../../shared/secret.ts";

export const accessToken = (value: string): AccessToken => new Secret("access token", value);
export const refreshToken = (value: string): RefreshToken => new Secret("refresh token", value);

/** What a person types, as main has it after the contract's check. */
export const secretOf = <K extends SecretKind>(kind: K, typed: string): Secret<K> => new Secret(kind, typed);

/** A key that is not written but used. */
export const secretBytesOf = <K extends SecretKind>(kind: K, bytes: Uint8Array): SecretBytes<K> => new SecretBytes(kind, bytes);

/** A private key as it is stored: base64, or whatever else stands in its place. */
export const privateKeyOf = (text: string): PrivateKey => new Secret("private key", text);

/** What opens secret storage. */
export const securityKeyBytes = (bytes: Uint8Array): SecurityKeyBytes => new SecretBytes("Security Key", bytes);

/** A text, or the value of a secret; bytes in base64. */
export function revealed(text: string | Secret | SecretBytes): string {
  if (typeof text === "string") return text;
  const value = text.reveal();
  return typeof value === "string" ? value : Buffer.from(value).toString("base64");
}

/** An account's secrets as their vault has them, which can cross between processes. */
export type PlainSecrets = z.input<typeof AccountSecrets>;
export const plainSecrets = (secrets: AccountSecrets): PlainSecrets => z.encode(AccountSecrets, secrets);
export const heldSecrets = (plain: PlainSecrets): AccountSecrets => AccountSecrets.parse(plain);
