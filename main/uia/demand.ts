import * as z from "zod";

const Flow = z.object({ stages: z.array(z.string().max(255)).max(50) });

/** A server's demand for user-interactive authentication, as the body of its 401. */
const Demand = z.object({
  session: z.string().min(1).max(4096).optional(),
  flows: z.array(Flow).min(1).max(50),
  completed: z.array(z.string()).catch([]),
  params: z.record(z.string(), z.unknown()).catch({}),
  errcode: z.string().max(100).optional().catch(undefined),
});
export type Demand = z.infer<typeof Demand>;

interface RefusedRequest {
  httpStatus?: unknown;
  data?: unknown;
}

/** The demand in what a request threw; null when it was refused for another reason. */
export function demandIn(thrown: unknown): Demand | null {
  const { httpStatus, data } = (thrown ?? {}) as RefusedRequest;
  return httpStatus === 401 ? (Demand.safeParse(data).data ?? null) : null;
}
