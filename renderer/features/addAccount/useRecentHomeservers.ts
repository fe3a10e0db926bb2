import { useEffect, useState } from "react";
import type { Homeserver } from "../../../shared/contract/signIn.ts";
import { steward } from "../../bridge.ts";

/** The homeservers where accounts were added before. Nobody needs them to go on, so what goes wrong with them is not said. */
export function useRecentHomeservers() {
  const [inputs, setInputs] = useState<readonly string[]>([]);
  useEffect(() => {
    let over = false;
    steward.signIn.recentHomeservers({}).then(
      (kept) => {
        if (!over) setInputs(kept.inputs);
      },
      () => undefined,
    );
    return () => {
      over = true;
    };
  }, []);
  return {
    inputs,
    /** By its name, where that is how it was found: of a Matrix ID, the person is not kept. */
    remember: ({ foundBy, baseUrl, serverName }: Homeserver): void => {
      steward.signIn.rememberHomeserver({ input: foundBy === "url" ? baseUrl : serverName }).catch(() => undefined);
    },
    forget: (): void => {
      setInputs([]);
      steward.signIn.forgetHomeservers({}).catch(() => undefined);
    },
  };
}
