import * as z from "zod";
import { AccountSecrets } from "../../main/secrets/secretStore.ts";
import { type AccessToken, type RefreshToken, Secret, type SecretKind } from "../../shared/secret.ts";

export const accessToken = (value: string): AccessToken => new Secret("access token", value);
export const refreshToken = (value: string): RefreshToken => new Secret("refresh token", value);

/** What a person types, as main has it after the contract's check. */
export const secretOf = <K extends SecretKind>(kind: K, typed: string): Secret<K> => new Secret(kind, typed);

/** A text, or the value of a secret. */
export const revealed = (text: string | Secret): string => (typeof text === "string" ? text : text.reveal());

/** An account's secrets as their vault has them, which can cross between processes. */
export type PlainSecrets = z.input<typeof AccountSecrets>;
export const plainSecrets = (secrets: AccountSecrets): PlainSecrets => z.encode(AccountSecrets, secrets);
export const heldSecrets = (plain: PlainSecrets): AccountSecrets => AccountSecrets.parse(plain);
