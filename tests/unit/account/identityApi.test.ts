import { expect, it } from "vitest";
import { askTerms, checkIdentityApi, IdentityTokenRefused, lookUp, register } from "../../../main/account/identityServer/identityApi.ts";
import { errorOf } from "../../support/errorOf.ts";
import { accessToken } from "../../support/secretValues.ts";

const host = "id.one.test";
const baseUrl = `https://${host}`;
const { signal } = new AbortController();

/** An identity server that knows nobody. */
const refuses = (errcode: string) => ({ baseUrl, signal, fetch: async () => Response.json({ errcode, error: "" }, { status: 401 }) });

it.each(["M_UNAUTHORIZED", "M_MISSING_TOKEN"])("tells who has a token that it is refused from who has none yet: %s", async (errcode) => {
  const access = refuses(errcode);
  await expect(lookUp({ ...access, token: accessToken("secret") }, "@ann:one.test", [])).rejects.toBeInstanceOf(IdentityTokenRefused);
  expect(await errorOf(checkIdentityApi(access))).toEqual({ kind: "not_an_identity_server", host });
  expect(await errorOf(register(access, {}))).toEqual({ kind: "not_allowed_by_identity_server", host });
  expect(await errorOf(askTerms(access))).toEqual({ kind: "not_allowed_by_identity_server", host });
});
