import { useEffect, useState } from "react";
import type { PhraseStrength } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";

/** Long enough to ask once for a quickly typed word. In milliseconds. */
const PAUSE = 180;

/**
 * How hard the phrase is to guess, a moment after it was typed. Null while that is not known for this very phrase.
 *
 * @param of what it is to protect: a key file needs less than a Secure Backup
 */
export function usePhraseStrength(
  accountId: AccountId,
  phrase: string,
  of: "secureBackup" | "keyFile" = "secureBackup",
): PhraseStrength | null {
  const [known, setKnown] = useState<{ phrase: string; strength: PhraseStrength } | null>(null);
  useEffect(() => {
    if (phrase === "") return;
    let over = false;
    const timer = setTimeout(() => {
      const asked =
        of === "keyFile"
          ? steward.roomKeys.passphraseStrength({ accountId, passphrase: phrase })
          : steward.secureBackup.phraseStrength({ accountId, phrase });
      asked.then(
        (strength) => {
          if (!over) setKnown({ phrase, strength });
        },
        // Main judges the phrase again when it is handed in; without an answer here there is only no meter.
        () => undefined,
      );
    }, PAUSE);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [accountId, phrase, of]);
  return known?.phrase === phrase ? known.strength : null;
}
