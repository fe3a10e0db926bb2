import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { isLocalhost } from "../../http/loopback.ts";
import { OauthError, oauthRequest } from "../../http/oauthRequest.ts";
import type { Fetch } from "../../http/redirects.ts";
import { retryKind } from "../../http/retry.ts";
import { stopOf } from "../../http/serverErrors.ts";
import { serverText } from "../../http/serverText.ts";
import { type AuthMetadata, SecureAddress } from "./authMetadata.ts";
import { oauthUserAgent, refusedBy, scopeFor, TokenAnswer } from "./authServer.ts";

export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** What a server answers that is asked for a code to type (RFC 8628, section 3.2). */
const DeviceAuthorization = z.object({
  device_code: z.string().min(1).max(4096),
  user_code: z.string().min(1).max(100),
  verification_uri: SecureAddress,
  verification_uri_complete: SecureAddress.nullish().catch(undefined),
  /** Seconds, both. */
  expires_in: z.number().positive(),
  interval: z.number().nonnegative().nullish().catch(undefined),
});

/** A code that the person types on a page of the server's, in whichever browser. */
export interface DeviceCode {
  deviceCode: string;
  userCode: string;
  /** Where it is typed. */
  page: string;
  /** The same page with the code in it, where the server has such a one. */
  pageWithCode: string;
  /** Milliseconds, both. */
  lifetimeMs: number;
  intervalMs: number;
}

interface At {
  fetch: Fetch;
  metadata: AuthMetadata;
  clientId: string;
}

/** Between two questions, unless the server says otherwise, and what it adds when it is asked too often (RFC 8628, 3.5). */
const INTERVAL_MS = 5_000;
const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 60_000;
const MAX_LIFETIME_MS = 3_600_000;

/**
 * Asks for a code to sign in with (RFC 8628, section 3.1; Client-Server API, "Device authorization grant").
 *
 * @throws `oauth_unusable` where the server has no such way, `oauth_refused`, and as `oauthRequest` does
 */
export async function askDeviceCode({ fetch, metadata, clientId }: At, deviceId: string): Promise<DeviceCode> {
  const url = metadata.device_authorization_endpoint;
  const unusable = (): AppFailure => fail("oauth_unusable", { host: new URL(metadata.issuer).host });
  if (url === undefined) throw unusable();
  const form = { client_id: clientId, scope: scopeFor(deviceId) };
  const answer = await oauthRequest({ fetch, url, form, userAgent: oauthUserAgent(), schema: DeviceAuthorization }).catch(
    (thrown: unknown) => {
      throw refusedBy(url, thrown);
    },
  );
  const { verification_uri: page, verification_uri_complete: pageWithCode } = answer;
  // A server elsewhere has no business with pages on this computer.
  const isHere = isLocalhost(new URL(metadata.issuer).hostname);
  const opened = pageWithCode ?? page;
  if (!isHere && [page, opened].some((address) => isLocalhost(new URL(address).hostname))) throw unusable();
  return {
    deviceCode: answer.device_code,
    userCode: serverText(answer.user_code, 100),
    page,
    pageWithCode: opened,
    lifetimeMs: Math.min(answer.expires_in * 1000, MAX_LIFETIME_MS),
    intervalMs: Math.max((answer.interval ?? INTERVAL_MS / 1000) * 1000, MIN_INTERVAL_MS),
  };
}

export interface PollOptions {
  code: Pick<DeviceCode, "deviceCode" | "intervalMs">;
  /** Ends it: what it is aborted with is thrown. */
  signal: AbortSignal;
  /** Called when an answer has not come: it may have had tokens in it. */
  onLost: () => void;
  /** Called with tokens that come when nobody waits for them any more. */
  onTooLate: (answer: TokenAnswer) => Promise<void>;
  /** In place of waiting. */
  wait?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Asks until the person has said yes or no on the page (RFC 8628, sections 3.4 and 3.5). Nothing but the server's own word
 * ends it: whoever stands between may answer with a page, or not at all, and is asked again.
 *
 * A question that is under way is never cut off: its answer may have tokens in it.
 *
 * @throws `oauth_denied`, `sign_in_expired`, `oauth_refused`, and what the signal is aborted with
 */
export async function pollForTokens(at: At, { code, signal, onLost, onTooLate, wait = sleep }: PollOptions): Promise<TokenAnswer> {
  const url = at.metadata.token_endpoint;
  const { host } = new URL(at.metadata.issuer);
  const form = { grant_type: DEVICE_GRANT, device_code: code.deviceCode, client_id: at.clientId };
  let { intervalMs } = code;
  let waitMs = intervalMs;
  for (;;) {
    await wait(waitMs, signal);
    if (signal.aborted) throw stopOf(signal);
    waitMs = intervalMs;
    try {
      const answer = await oauthRequest({ fetch: at.fetch, url, form, userAgent: oauthUserAgent(), schema: TokenAnswer });
      if (!signal.aborted) return answer;
      await onTooLate(answer);
    } catch (thrown) {
      if (thrown instanceof OauthError) {
        if (thrown.code === "access_denied") throw fail("oauth_denied", { host });
        if (thrown.code === "expired_token") throw fail("sign_in_expired");
        if (thrown.code !== "authorization_pending" && thrown.code !== "slow_down") throw refusedBy(url, thrown);
        if (thrown.code === "slow_down") waitMs = intervalMs = Math.min(intervalMs + INTERVAL_MS, MAX_INTERVAL_MS);
      } else {
        if (!(thrown instanceof AppFailure)) throw thrown;
        onLost();
        const again = retryKind(thrown.error);
        if (again.kind === "after") waitMs = Math.min(Math.max(again.ms, intervalMs), MAX_INTERVAL_MS);
      }
    }
  }
}

/** Ends early when the signal is aborted. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<unknown> {
  return pause(milliseconds, undefined, { signal }).catch(() => undefined);
}
