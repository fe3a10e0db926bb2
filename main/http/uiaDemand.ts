import * as z from "zod";

const Flow = z.object({ stages: z.array(z.string().max(255)).max(50) });

/** A server's demand for user-interactive authentication, as the body of its 401. What is unknown in it is kept. */
export const Demand = z.looseObject({
  session: z.string().min(1).max(4096).optional(),
  /** None: the server has no way for this person, as Synapse says of an account with neither password nor provider. */
  flows: z.array(Flow).max(50),
  completed: z.array(z.string()).catch([]),
  params: z.record(z.string(), z.unknown()).catch({}),
  errcode: z.string().max(100).optional().catch(undefined),
  error: z.string().max(500).optional().catch(undefined),
});
export type Demand = z.infer<typeof Demand>;

/**
 * Thrown where a server wants more before it does what it was asked (Client-Server API, "User-Interactive
 * Authentication"). It is no failure, and nothing of it is lost. It has the shape of the SDK's error for the same answer,
 * so that `demandIn` reads both.
 */
export class UiaDemand extends Error {
  readonly httpStatus = 401;
  readonly data: Demand;

  constructor(demand: Demand) {
    super("the server wants authentication");
    this.name = "UiaDemand";
    this.data = demand;
  }
}

/** The demand in what a request threw; null when it was refused for another reason. */
export function demandIn(thrown: unknown): Demand | null {
  const { httpStatus, data } = (thrown ?? {}) as { httpStatus?: unknown; data?: unknown };
  return httpStatus === 401 ? (Demand.safeParse(data).data ?? null) : null;
}
