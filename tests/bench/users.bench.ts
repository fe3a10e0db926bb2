import type { Benchmark, Measured } from "../../build/bench.ts";
import type { UserFilter, UserPage } from "../../shared/contract/users.ts";
import { secretOf } from "../support/secretValues.ts";
import { StewardData } from "../support/stewardServices.ts";
import { startSynapse } from "../support/synapse.ts";
import { median } from "./runningApp.ts";

const USERS = 20_000;
const PAGES = 40;
const EVERYBODY: UserFilter = { search: "", kind: "current", seen: "any", withoutHidden: true, sort: "name", descending: false };

/** A page of a list of so many users, through main's checks, against the bare request for the same page, in turns. */
export async function measurePage(users: number, pages: number): Promise<Measured> {
  const synapse = await startSynapse();
  const data = await StewardData.create();
  try {
    await synapse.addUsers(users);
    const { user, userId, password } = await synapse.register({ user: "boss", password: "a password", admin: true });
    const services = await data.open();
    const identifier = { kind: "user" as const, user: userId };
    const signIn = {
      serverName: null,
      baseUrl: synapse.baseUrl,
      identifier,
      password: secretOf("password", password),
      acceptInsecureHttp: false,
    };
    const accountId = await services.passwordSignIns.signIn(signIn);
    const { accessToken } = await synapse.login(user, password);
    const bare = async (from: string | null): Promise<unknown> => {
      const query = `deactivated=false&locked=true&order_by=name&dir=f&limit=100${from === null ? "" : `&from=${from}`}`;
      const headers = { authorization: `Bearer ${accessToken}` };
      return (await fetch(`${synapse.baseUrl}/_synapse/admin/v3/users?${query}`, { headers })).json();
    };
    const timed = async <T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> => {
      const start = performance.now();
      const value = await work();
      return { ms: performance.now() - start, value };
    };
    const [ours, reference]: [number[], number[]] = [[], []];
    let from: string | null = null;
    for (let page = 0; page < pages; page += 1) {
      const at: string | null = from;
      const viaMain = async (): Promise<void> => {
        const { ms, value } = await timed<UserPage>(async () => services.users.list({ accountId, filter: EVERYBODY, from: at }));
        ours.push(ms);
        from = value.next;
      };
      // Whoever comes second finds the server warm.
      if (page % 2 === 0) await viaMain();
      reference.push((await timed(() => bare(at))).ms);
      if (page % 2 === 1) await viaMain();
    }
    const { userIds } = await services.users.ids({ accountId, filter: EVERYBODY });
    if (userIds.length !== users + 1) throw new Error(`${userIds.length} users were found`);
    return { ours: median(ours), reference: median(reference), ratio: median(ours) / median(reference), unit: "ms", target: 1.3 };
  } finally {
    await data.destroy();
    await synapse.stop();
  }
}

/** Users of a homeserver, for its admins. */
export const benchmarks: Benchmark[] = [{ name: "users.page", run: () => measurePage(USERS, PAGES) }];
