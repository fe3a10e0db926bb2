import type { PasswordChange } from "../../../shared/contract/password.ts";
import { t } from "../../i18n/index.ts";

/** Beyond so many bytes of UTF-8 some servers (bcrypt) do not look at a password. */
const LOOKED_AT_BYTES = 72;

/** What is worth knowing of a password that is sent exactly as it was typed, because servers may read it differently. */
export function passwordHints(typed: string): string[] {
  const hints: string[] = [];
  if (typed !== typed.trim()) hints.push(t("password.hintBlanks"));
  if (typed !== typed.normalize("NFKC")) hints.push(t("password.hintCharacters"));
  if (new TextEncoder().encode(typed).length > LOOKED_AT_BYTES) hints.push(t("password.hintLong", { bytes: LOOKED_AT_BYTES }));
  return hints;
}

/** What became of the other sessions, and whether that is what the person wanted. */
export function changeOutcome({ others }: PasswordChange, signOutOthers: boolean): { tone: "success" | "warn"; text: string } {
  if (others === null) return { tone: "warn", text: t("password.outcomeUnknown") };
  const { signedOut, left } = others;
  if (signOutOthers) {
    if (left > 0) return { tone: "warn", text: t("password.outcomeLeft", { count: left }) };
    return { tone: "success", text: signedOut === 0 ? t("password.outcomeAlone") : t("password.outcomeSignedOut", { count: signedOut }) };
  }
  if (signedOut > 0) return { tone: "warn", text: t("password.outcomeAgainstWish", { count: signedOut }) };
  return { tone: "success", text: left === 0 ? t("password.outcomeAlone") : t("password.outcomeKept", { count: left }) };
}
