import { useState } from "react";
import { readCode } from "../../shared/fields.ts";
import { fieldProblemText } from "../i18n/index.ts";

/** A code from a text message that is being typed. */
export interface TypedCode {
  readonly code: string;
  readonly type: (code: string) => void;
  /** What is wrong with it, once it was handed in. */
  readonly problem: string | null;
  /** Whether it may be handed in; from now on what is wrong is said. */
  readonly handIn: () => boolean;
}

/** Keeps a code that is being typed. */
export function useCode(): TypedCode {
  const [code, type] = useState("");
  const [tried, setTried] = useState(false);
  const { problem } = readCode(code);
  return {
    code,
    type,
    problem: tried && problem ? fieldProblemText("code", problem) : null,
    handIn: () => {
      setTried(true);
      return problem === undefined;
    },
  };
}
