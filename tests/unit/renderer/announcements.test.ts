import { afterEach, expect, test } from "vitest";
import { t } from "../../../renderer/i18n/index.ts";
import { speakLanguage } from "../../../renderer/i18n/language.ts";
import { announce, clearAnnouncements, useAnnouncements } from "../../../renderer/stores/announcements.ts";

afterEach(async () => {
  clearAnnouncements();
  await speakLanguage("en");
});

test("what stands at the top of the page is in the new language once it is changed, and isn’t read out again", async () => {
  announce(() => t("sessions.signedOut", { count: 30 }));
  const texts = () => useAnnouncements.getState().shown.map(({ say }) => say());
  expect(texts()).toEqual(["30 sessions were signed out."]);
  await speakLanguage("de");
  expect(texts()).toEqual(["30 Sitzungen wurden abgemeldet."]);
  expect(useAnnouncements.getState().spoken).toBe("30 sessions were signed out.");
});
