import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import type { Fetch } from "../http/redirects.ts";
import { requestJson } from "../http/requestJson.ts";
import { RETRY_POLICY, withRetries } from "../http/retry.ts";
import { asCodeRefusal } from "./phoneRefusal.ts";

/** How often a code is handed in whose answer is lost: the same code twice does no harm. */
const CODE_TRIES = 3;

/** What a server answers when it has had a code sent (Client-Server API, ".../msisdn/requestToken"). */
export const CodeSent = z.object({
  /** The server's name for the validation. */
  sid: z.string().min(1).max(255),
  /** The number as the server understood it, digits alone. */
  msisdn: z
    .string()
    .regex(/^\d{3,20}$/)
    .nullable()
    .catch(null)
    .default(null),
  /** Where the code goes; null where the server learns of it in a way of its own. */
  submit_url: z.string().max(2048).nullable().catch(null).default(null),
});

/** What is not said to have failed has succeeded. */
const Submitted = z.object({ success: z.boolean().optional() });

export interface TypedCode {
  fetch: Fetch;
  /** The homeserver that had the code sent. */
  baseUrl: string;
  submitUrl: string;
  clientSecret: string;
  sid: string;
  code: string;
}

/**
 * Gives a code to whom the server has named for it. That gets no access token.
 *
 * @throws `phone_refused`; `bad_answer` where the code could be read on its way; and what the server says else
 */
export async function handInCode(typed: TypedCode, signal: AbortSignal): Promise<void> {
  const { fetch, baseUrl, submitUrl, clientSecret, sid, code } = typed;
  if (!mayGetCode(submitUrl, baseUrl)) throw fail("bad_answer", { host: new URL(baseUrl).host });
  const body = { client_secret: clientSecret, sid, token: code };
  const handIn = () => requestJson({ fetch, method: "POST", url: submitUrl, body, schema: Submitted });
  const { success } = await withRetries(handIn, { ...RETRY_POLICY, tries: CODE_TRIES }, signal, { changes: true }).catch(
    (thrown: unknown) => {
      throw asCodeRefusal(thrown);
    },
  );
  if (success === false) throw fail("phone_refused", { reason: "wrong_code" });
}

/** A server may have codes sent to another, but not where anybody can read them on the way. */
function mayGetCode(submitUrl: string, baseUrl: string): boolean {
  if (!URL.canParse(submitUrl)) return false;
  const { protocol, origin } = new URL(submitUrl);
  return protocol === "https:" || origin === new URL(baseUrl).origin;
}
