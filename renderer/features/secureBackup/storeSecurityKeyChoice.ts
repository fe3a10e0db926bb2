import type { KeptKeyState } from "../../../shared/contract/secureBackup.ts";

/** What a person is asked about keeping a new Security Key on this computer, and what main is told. */
export interface Keeping {
  /** Whether there is a choice: where nothing of the account is written down there is none. */
  offered: boolean;
  /** How the box stands. */
  ticked: boolean;
  /** The answer; undefined where nothing was offered, and main leaves things as they are. */
  answer: boolean | undefined;
}

/**
 * @param keptKey what is known of a key that is kept; undefined while that is not known
 * @param wanted what the person chose; null where they left the box as it was
 */
export function keepingOf(keptKey: KeptKeyState | undefined, wanted: boolean | null): Keeping {
  const { status, place } = keptKey ?? { status: "none", place: null };
  // Whoever had the last key kept here is not made to ask for it again.
  const ticked = wanted ?? (status === "current" || status === "older");
  const offered = place === "keychain" || place === "passphrase";
  return { offered, ticked, answer: offered ? ticked : undefined };
}
