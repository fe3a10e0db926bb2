import { stagedApp } from "../../build/stage.ts";
import type { Benchmark, Measured } from "../../build/bench.ts";
import { type SecretServiceForTests, startSecretService } from "../support/secretService.ts";
import { startSynapse } from "../support/synapse.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { startApp } from "../support/electronApp.ts";
import { median, RunningApp, stageBareApp } from "./runningApp.ts";

/** Starts are measured in turns, ours and the bare window, so that the machine's mood meets both. */
const STARTS = 15;
const RESTORES = 5;
const MEMORY_PER_FURTHER_ACCOUNT_MB = 12;
const ROUND_TRIPS = 2_000;
/** Of round trips that do not count. */
const WARM_UP = 100;

interface SeededData {
  keyring: SecretServiceForTests;
  userData: string;
}

/** A data folder with so many signed-in accounts, made through the app itself. */
async function withAccounts<T>(count: number, work: (seeded: SeededData) => Promise<T>): Promise<T> {
  const synapse = await startSynapse();
  const keyring = await startSecretService();
  const folder = await temporaryFolder("bench");
  try {
    const app = await startApp({ env: keyring.env, userData: folder.path });
    for (let number = 0; number < count; number++) {
      const { userId, password } = await synapse.register({ user: `user${number}`, password: "a password" });
      const reply = await app.request("signIn.withPassword", {
        serverName: null,
        baseUrl: synapse.baseUrl,
        identifier: { kind: "user", user: userId },
        password,
      });
      if (!reply.ok) throw new Error(`account ${number} was not added: ${reply.error.kind}`);
    }
    await app.quit();
    return await work({ keyring, userData: folder.path });
  } finally {
    await keyring.stop();
    await synapse.stop();
    await folder.remove();
  }
}

const startOurs = ({ userData, keyring }: SeededData): RunningApp => new RunningApp(stagedApp().executable, userData, keyring.env);

async function withBare<T>(work: (start: () => RunningApp) => Promise<T>): Promise<T> {
  const bare = await stageBareApp();
  const folder = await temporaryFolder("bare-data");
  try {
    return await work(() => new RunningApp(bare.executable, folder.path));
  } finally {
    await bare.remove();
    await folder.remove();
  }
}

/** Starts a program, measures, ends it. */
async function once<T>(app: RunningApp, measure: (app: RunningApp) => Promise<T>): Promise<T> {
  try {
    return await measure(app);
  } finally {
    await app.stop();
  }
}

/** When the page first showed anything, by its own clock. */
function firstPaint(): number | null {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return paint ? performance.timeOrigin + paint.startTime : null;
}

/** When the list of accounts was on the screen: the page had drawn it, which it marks, and its first paint was done. */
function accountsShown(): number | null {
  const mark = performance.getEntriesByName("accounts-shown")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return mark && paint ? performance.timeOrigin + Math.max(mark.startTime, paint.startTime) : null;
}

const ratioOf = (ours: number, reference: number, unit: string, target?: number): Measured => ({
  ours,
  reference,
  ratio: ours / reference,
  unit,
  ...(target === undefined ? {} : { target }),
});

async function measureStartup(): Promise<Measured> {
  return withAccounts(4, (seeded) =>
    withBare(async (startBare) => {
      const [ours, bare]: [number[], number[]] = [[], []];
      // The first start of each warms the disk cache and does not count.
      for (let turn = 0; turn <= STARTS; turn++) {
        const bareMs = await once(startBare(), (app) => app.sinceSpawn(firstPaint));
        const oursMs = await once(startOurs(seeded), (app) => app.sinceSpawn(accountsShown));
        if (turn > 0) {
          bare.push(bareMs);
          ours.push(oursMs);
        }
      }
      return ratioOf(median(ours), median(bare), "ms", 1.6);
    }),
  );
}

/** Milliseconds from the spawn until every account's session runs, as the page is told it: asking would be work itself. */
async function untilAllRun(app: RunningApp): Promise<number> {
  const page = await app.page();
  await app.sinceSpawn(accountsShown);
  const at = await page.evaluate(async () => {
    interface Account {
      accountId: string;
      session: { status: string };
    }
    const { steward } = globalThis as unknown as {
      steward: {
        request(channel: string, input: object): Promise<{ value: { accounts: Account[] } }>;
        on(channel: string, listener: (account: Account) => void): void;
      };
    };
    return new Promise<number>((resolve) => {
      const changed = new Map<string, string>();
      let known: Account[] | null = null;
      const look = (): void => {
        const runs = ({ accountId, session }: Account): boolean => (changed.get(accountId) ?? session.status) === "running";
        if (known?.every(runs)) resolve(performance.timeOrigin + performance.now());
      };
      steward.on("accounts.changed", ({ accountId, session }) => {
        changed.set(accountId, session.status);
        look();
      });
      void steward.request("accounts.list", {}).then(({ value }) => {
        known = value.accounts;
        look();
      });
    });
  });
  return at - app.spawnedAt;
}

async function measureRestore(): Promise<Measured> {
  const restore = (count: number): Promise<number> =>
    withAccounts(count, async (seeded) => {
      const times: number[] = [];
      for (let turn = 0; turn < RESTORES; turn++) times.push(await once(startOurs(seeded), untilAllRun));
      return median(times);
    });
  const one = await restore(1);
  return ratioOf(await restore(20), one, "ms", 3.2);
}

const restingMemoryWith = (count: number): Promise<number> =>
  withAccounts(count, (seeded) =>
    once(startOurs(seeded), async (app) => {
      await untilAllRun(app);
      return app.restingMemory();
    }),
  );

const bareMemory = (): Promise<number> =>
  withBare((startBare) =>
    once(startBare(), async (app) => {
      await app.sinceSpawn(firstPaint);
      return app.restingMemory();
    }),
  );

/** Milliseconds for one round trip, as the page sees it. */
async function roundTrip(app: RunningApp, call: string, roundTrips = ROUND_TRIPS): Promise<number> {
  const page = await app.page();
  return page.evaluate(
    async (path, times, warmUp) => {
      const { steward, bare } = globalThis as unknown as {
        steward?: { request(channel: string, input: object): Promise<unknown> };
        bare?: { echo(value: object): Promise<unknown> };
      };
      const ask = (): Promise<unknown> => (path === "ours" ? steward!.request("secrets.state", {}) : bare!.echo({}));
      for (let warm = 0; warm < warmUp; warm++) await ask();
      const begun = performance.now();
      for (let count = 0; count < times; count++) await ask();
      return (performance.now() - begun) / times;
    },
    call,
    roundTrips,
    WARM_UP,
  );
}

async function measureRoundTrip(): Promise<Measured> {
  return withAccounts(1, (seeded) =>
    withBare(async (startBare) => {
      const bare = await once(startBare(), async (app) => {
        await app.sinceSpawn(firstPaint);
        return roundTrip(app, "bare");
      });
      const ours = await once(startOurs(seeded), async (app) => {
        await untilAllRun(app);
        return roundTrip(app, "ours");
      });
      return ratioOf(ours, bare, "ms");
    }),
  );
}

/** Takes each measurement once, with one account: a benchmark that nobody runs every day must not break unseen. */
export async function tryMeasurements(): Promise<Record<string, number>> {
  return withAccounts(1, (seeded) =>
    withBare(async (startBare) => {
      const bare = await once(startBare(), async (app) => ({
        bareStartup: await app.sinceSpawn(firstPaint),
        bareRoundTrip: await roundTrip(app, "bare", 1),
      }));
      const ours = await once(startOurs(seeded), async (app) => ({
        startup: await app.sinceSpawn(accountsShown),
        restore: await untilAllRun(app),
        roundTrip: await roundTrip(app, "ours", 1),
        memory: await app.restingMemory(),
      }));
      return { ...bare, ...ours };
    }),
  );
}

export const benchmarks: Benchmark[] = [
  { name: "startup", run: measureStartup },
  { name: "memory.one", run: async () => ratioOf(await restingMemoryWith(1), await bareMemory(), "MB", 1.35) },
  {
    // The reference is what one account takes, and as much more as further ones may take.
    name: "memory.twenty",
    run: async () => ratioOf(await restingMemoryWith(20), (await restingMemoryWith(1)) + 19 * MEMORY_PER_FURTHER_ACCOUNT_MB, "MB", 1),
  },
  { name: "restore.twenty", run: measureRestore },
  { name: "ipc.roundtrip", run: measureRoundTrip },
];
