import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../main/encryption/canonicalJson.ts";

describe("canonical JSON", () => {
  // The examples of the specification's appendices.
  it.each([
    ["{}", "{}"],
    ['{ "one": 1, "two": "Two" }', '{"one":1,"two":"Two"}'],
    ['{ "b": "2", "a": "1" }', '{"a":"1","b":"2"}'],
    [
      '{ "auth": { "success": true, "mxid": "@john.doe:example.com", "profile": { "three_pids": [{ "medium": "email" }] } } }',
      '{"auth":{"mxid":"@john.doe:example.com","profile":{"three_pids":[{"medium":"email"}]},"success":true}}',
    ],
    ['{ "a": "日本語" }', '{"a":"日本語"}'],
    ['{ "本": 2, "日": 1 }', '{"日":1,"本":2}'],
    ['{ "a": "\\u65E5" }', '{"a":"日"}'],
    ['{ "a": null }', '{"a":null}'],
    ['{ "a": -0, "b": 1e10 }', '{"a":0,"b":10000000000}'],
    ['{ "😀": 1, "\\uff5e": 2 }', '{"～":2,"😀":1}'],
  ])("of %s", (json, canonical) => {
    expect(canonicalJson(JSON.parse(json))).toBe(canonical);
  });

  it.each([1.5, 2 ** 53, Number.NaN])("has no form for %s", (number) => {
    expect(() => canonicalJson({ number })).toThrow(TypeError);
  });
});
