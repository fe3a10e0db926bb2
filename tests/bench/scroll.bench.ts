import type { Benchmark, Measured } from "../../build/bench.ts";
import { openWorld } from "../e2e/support/world.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { RunningApp, stageBareApp } from "./runningApp.ts";
import { readToTheEnd, scrollOn } from "./scrolling.ts";

const USERS = 20_000;
/** A hundred pixels in each frame: a wheel that is turned fast. */
const PX_PER_SECOND = 6_000;
const MS = 2_000;
/** Where in the list is scrolled, as parts of it. Ours and the plain page take turns, so that the machine's mood meets both. */
const PLACES = [0, 0.2, 0.4, 0.6, 0.8];

/** Makes a page of so many lines of text, each as tall as a user's row, and nothing else. Runs in a page. */
function fillPlainly(lines: number): void {
  const line = (at: number): string => `<p style="height: 56px; margin: 0">User ${at} @user${at}:example.org</p>`;
  document.body.innerHTML = Array.from({ length: lines }, (_, at) => line(at)).join("");
}

/**
 * Frames that are made while a list of so many users is scrolled, against a page of as many lines of plain text.
 *
 * @param places where in the list, as parts of it
 */
export async function measureScroll(users = USERS, places: readonly number[] = PLACES): Promise<Measured> {
  const world = await openWorld();
  const bare = await stageBareApp();
  const folder = await temporaryFolder("bare-data");
  const plainApp = new RunningApp(bare.executable, folder.path);
  try {
    const { person, synapse } = world;
    await synapse.addUsers(users);
    await person.hasAccount(synapse.baseUrl, await synapse.register({ user: "boss", password: "the boss of it all", admin: true }));
    await person.openAccount("boss", "Users");
    await person.sees("User 0");
    await person.page.evaluate(readToTheEnd, { rows: users + 1 });
    const plain = await plainApp.page();
    await plain.evaluate(fillPlainly, users);
    let [ours, reference] = [0, 0];
    for (const from of places) {
      const how = { from, pxPerSecond: PX_PER_SECOND, ms: MS };
      reference += (await plain.evaluate(scrollOn, { ...how, scroller: "html" })).frames;
      ours += (await person.page.evaluate(scrollOn, { ...how, scroller: "main" })).frames;
    }
    return { ours, reference, ratio: reference / ours, unit: "frames", target: 1.02 };
  } finally {
    await plainApp.stop();
    await bare.remove();
    await folder.remove();
    await world.close();
  }
}

/** Lists of users, scrolled in the window. */
export const benchmarks: Benchmark[] = [{ name: "users.scroll", run: () => measureScroll() }];
