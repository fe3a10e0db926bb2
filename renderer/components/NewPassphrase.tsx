import { useEffect, useRef, useState } from "react";
import type { PhraseStrength } from "../../shared/contract/phraseStrength.ts";
import { StrengthMeter } from "./StrengthMeter.tsx";
import { PasswordField } from "./TextField.tsx";

/** Long enough to ask once for a quickly typed word. In milliseconds. */
const PAUSE = 180;

/** A passphrase that is being chosen: typed twice, and judged while it is typed. */
export interface NewPassphrase {
  readonly typed: string;
  readonly again: string;
  /** Null while it is not known for what is typed. */
  readonly strength: PhraseStrength | null;
  readonly weak: boolean;
  /** It may be handed in. Main judges it again. */
  readonly ready: boolean;
  readonly type: (text: string) => void;
  readonly typeAgain: (text: string) => void;
  readonly clear: () => void;
}

/**
 * Keeps a passphrase that is being chosen.
 *
 * @param judge asks how hard it is to guess; what is good enough depends on what it protects
 */
export function useNewPassphrase(judge: (phrase: string) => Promise<PhraseStrength>): NewPassphrase {
  const [typed, type] = useState("");
  const [again, typeAgain] = useState("");
  const [known, setKnown] = useState<{ phrase: string; strength: PhraseStrength } | null>(null);
  const latestJudge = useRef(judge);
  useEffect(() => {
    latestJudge.current = judge;
  });
  useEffect(() => {
    if (typed === "") return;
    let over = false;
    const timer = setTimeout(() => {
      latestJudge.current(typed).then(
        (strength) => {
          if (!over) setKnown({ phrase: typed, strength });
        },
        // Without an answer here there is only no meter.
        () => undefined,
      );
    }, PAUSE);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [typed]);
  const strength = known?.phrase === typed ? known.strength : null;
  const weak = strength !== null && !strength.good;
  return {
    typed,
    again,
    strength,
    weak,
    ready: typed !== "" && !weak && typed === again,
    type,
    typeAgain,
    clear: () => {
      type("");
      typeAgain("");
    },
  };
}

interface NewPassphraseFieldsProps {
  readonly passphrase: NewPassphrase;
  /** Why what is typed now was refused when it was handed in. */
  readonly refused?: string | null;
  readonly words: Readonly<Record<"label" | "help" | "again" | "required" | "weak" | "differs", string>>;
}

/** The two fields of a new passphrase, with its strength between them. */
export function NewPassphraseFields({ passphrase, refused, words }: NewPassphraseFieldsProps) {
  const { typed, again, strength, weak } = passphrase;
  const problem = typed === "" ? words.required : weak ? words.weak : null;
  return (
    <>
      <PasswordField
        label={words.label}
        help={words.help}
        value={typed}
        onChange={passphrase.type}
        autoComplete="new-password"
        isRequired
        validate={() => problem}
        problem={refused}
      />
      {typed !== "" && <StrengthMeter strength={strength} />}
      <PasswordField
        label={words.again}
        value={again}
        onChange={passphrase.typeAgain}
        autoComplete="new-password"
        isRequired
        validate={() => (typed !== "" && typed !== again ? words.differs : null)}
      />
    </>
  );
}
