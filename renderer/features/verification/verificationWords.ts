import type { Verification, VerificationIn } from "../../../shared/contract/verifications.ts";
import { t, textOrNull } from "../../i18n/index.ts";

/** How the other session is called in a sentence. */
export function otherSessionName({ deviceName, deviceId }: Pick<Verification, "deviceName" | "deviceId">): string {
  if (deviceName) return t("verification.quoted", { name: deviceName });
  return deviceId ? t("verification.quoted", { name: deviceId }) : t("verification.anotherSession");
}

/** What an emoji is called, by its number in the specification's table. */
export function emojiName(number: number): string {
  return textOrNull(`verification.emoji.${number}`) ?? String(number);
}

/** Why it ended, as a sentence. */
export function endSentence(verification: VerificationIn<"cancelled">): string {
  const { cancelled } = verification;
  const params = { session: otherSessionName(verification) };
  if (cancelled.reason === "cancelled" && cancelled.by === "us") return t("verification.endedByYou");
  return t(`verification.ended.${cancelled.reason}`, params);
}

/** What is worth doing after it ended, or null. */
export function endAdvice({ cancelled }: VerificationIn<"cancelled">): string | null {
  switch (cancelled.reason) {
    case "mismatch":
    case "key_mismatch":
      return t("verification.adviceMismatch");
    case "timed_out":
      return t("verification.adviceTimeout");
    default:
      return null;
  }
}

/** Whether asking the same session again may end otherwise. */
export function canAskAgain({ cancelled, deviceId }: VerificationIn<"cancelled">): boolean {
  return cancelled.reason !== "other_gone" && cancelled.reason !== "session_stopped" && deviceId !== null;
}
