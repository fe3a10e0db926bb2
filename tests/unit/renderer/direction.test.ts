import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { nameOf } from "../../../renderer/accountHealth.ts";
import { ServerText } from "../../../renderer/components/ServerText.tsx";
import { errorWords, t } from "../../../renderer/i18n/index.ts";

const CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066\u2067]/;
const pseudo = "\u2069\u202eEve\u202c \u2067gnp.exe";

test("a text of a server's stands isolated, without characters that turn its direction", () => {
  expect(renderToStaticMarkup(createElement(ServerText, null, pseudo))).toBe("<bdi>Eve gnp.exe</bdi>");
  expect(renderToStaticMarkup(createElement(ServerText, null, "<b>אבג</b>"))).toBe("<bdi>&lt;b&gt;אבג&lt;/b&gt;</bdi>");
});

test("nor does it turn the sentence that it stands in", () => {
  expect(t("signOut.title", { name: pseudo })).toBe("Sign out Eve gnp.exe?");
  expect(t("signOut.title", { name: "אבג" })).toBe("Sign out \u2068אבג\u2069?");
  expect(t("signOut.title", { name: "Zoë 李" })).toBe("Sign out Zoë 李?");
  const errors = [
    errorWords({ kind: "forbidden", message: pseudo }),
    errorWords({ kind: "server", status: 500, errcode: pseudo, message: pseudo }),
    errorWords({ kind: "unknown_user", userId: pseudo }),
  ];
  for (const { sentence } of errors) expect(sentence).not.toMatch(CONTROLS);
});

test("a name that is nothing but such characters is no name", () => {
  expect(nameOf({ displayName: pseudo, userId: "@eve:example.org" })).toBe("Eve gnp.exe");
  expect(nameOf({ displayName: "\u202e\u2067", userId: "@eve:example.org" })).toBe("eve");
});
