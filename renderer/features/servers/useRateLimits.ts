import { useEffect, useState } from "react";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { useServerSearch } from "../../stores/serverSearch.ts";

/** How often each account's server said within the last hour that it is asked too often; asked again after each search. */
export function useRateLimits(): ReadonlyMap<AccountId, number> {
  const [counts, setCounts] = useState<ReadonlyMap<AccountId, number>>(new Map());
  const found = useServerSearch((state) => state.found);
  useEffect(() => {
    let wanted = true;
    steward.servers
      .rateLimits({})
      .then((answer) => wanted && setCounts(new Map(answer.counts.map(({ accountId, lastHour }) => [accountId, lastHour]))))
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [found]);
  return counts;
}
