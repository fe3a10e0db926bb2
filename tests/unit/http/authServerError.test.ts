import { expect, it } from "vitest";
import { authServerError } from "../../../main/http/authServerError.ts";

const host = "auth.one.test";
const said = (title: string) => ({ errors: [{ title }] });

it.each([
  ["a token that it does not know", 401, said("Unknown access token"), { kind: "unauthenticated", softLogout: false }],
  ["a proxy that wants a password of its own", 401, {}, { kind: "admin_api_not_exposed", host }],
  ["a proxy that keeps it back", 403, {}, { kind: "admin_api_not_exposed", host }],
  ["a scope that is missing", 403, said("Missing scope"), { kind: "forbidden", message: "Missing scope" }],
  ["nobody of that name", 404, said("User not found"), { kind: "not_found" }],
  ["a proxy without its service", 502, {}, { kind: "gateway_error", host, status: 502 }],
  ["a name that is taken", 409, said("User already exists"), { kind: "server", status: 409, errcode: "", message: "User already exists" }],
])("tells apart %s", (_what, status, body, error) => {
  expect(authServerError(status, body, host, new Headers())).toEqual(error);
});
