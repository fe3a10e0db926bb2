import { useEffect, useRef, useState } from "react";
import type { Availability } from "../../../shared/contract/registration.ts";
import { readUsername } from "../../../shared/fields.ts";
import { steward } from "../../bridge.ts";

/** Long enough to ask once for a quickly typed name: servers answer this about once a second. In milliseconds. */
const PAUSE = 600;

/**
 * Whether a user name can be had, asked while it is typed: after a pause, and never twice at the same time. Null for what
 * is no name; `checking` until the server has said.
 */
export function useAvailability(baseUrl: string, typed: string): Availability["status"] | "checking" | null {
  const { value: username } = readUsername(typed);
  const [known, setKnown] = useState<{ username: string; said: Availability["status"] } | null>(null);
  const asking = useRef<Promise<unknown>>(Promise.resolve());
  useEffect(() => {
    if (username === undefined) return;
    let over = false;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      await asking.current;
      if (over) return;
      const request = steward.registration.availability({ baseUrl, username }).catch(
        // Without an answer here nothing is known; creating the account tells.
        (): Availability => ({ status: "unknown", retryAfterMs: null }),
      );
      asking.current = request;
      const { status, retryAfterMs } = await request;
      if (over) return;
      setKnown({ username, said: status });
      if (retryAfterMs !== null) timer = setTimeout(() => void ask(), Math.max(PAUSE, retryAfterMs));
    };
    timer = setTimeout(() => void ask(), PAUSE);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [baseUrl, username]);
  if (username === undefined) return null;
  return known?.username === username ? known.said : "checking";
}
