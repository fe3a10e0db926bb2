/** Where and how fast is scrolled. */
interface Scroll {
  /** A selector of what scrolls. */
  readonly scroller: string;
  /** Where it begins, as a part of the whole. */
  readonly from: number;
  readonly pxPerSecond: number;
  readonly ms: number;
}

/** What came of a scroll. */
interface Scrolled {
  /** How many frames were made. */
  readonly frames: number;
  /** The longest time between two of them. */
  readonly longestMs: number;
}

/** Scrolls on at a steady speed, wherever the frames fall, and counts them. Runs in a page, and sees nothing of what is around it here. */
export async function scrollOn({ scroller, from, pxPerSecond, ms }: Scroll): Promise<Scrolled> {
  const element = document.querySelector(scroller);
  if (element === null) throw new Error(`there is no ${scroller}`);
  const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
  const top = from * (element.scrollHeight - element.clientHeight);
  element.scrollTop = top;
  // What the jump there costs is not measured.
  for (let still = 0; still < 30; still += 1) await frame();
  const begun = await frame();
  let [frames, longestMs, last] = [0, 0, begun];
  while (last - begun < ms) {
    element.scrollTop = top + ((last - begun) / 1000) * pxPerSecond;
    const now = await frame();
    frames += 1;
    longestMs = Math.max(longestMs, now - last);
    last = now;
  }
  return { frames, longestMs };
}

/** Scrolls to the end again and again, until the last of so many rows is drawn. Runs in a page, as above. */
export async function readToTheEnd({ rows }: { readonly rows: number }): Promise<void> {
  const main = document.querySelector("main");
  if (main === null) throw new Error("there is no page");
  while (document.querySelector(`tr[aria-rowindex="${rows + 1}"]`) === null) {
    main.scrollTop = main.scrollHeight;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** What is watched in a page, until it is ended. */
export interface WindowWatch {
  end(): { readonly frameMs: number; readonly answerMs: number };
}

/** Notes the longest time between two frames, and the longest that main takes to answer. Runs in the app's page, as above. */
export function watchTheWindow(): WindowWatch {
  const { steward } = globalThis as unknown as { steward: { request(channel: string, input: object): Promise<unknown> } };
  let [frameMs, answerMs, last, over] = [0, 0, performance.now(), false];
  const frame = (now: number): void => {
    frameMs = Math.max(frameMs, now - last);
    last = now;
    if (!over) requestAnimationFrame(frame);
  };
  const ask = async (): Promise<void> => {
    while (!over) {
      const asked = performance.now();
      await steward.request("secrets.state", {});
      answerMs = Math.max(answerMs, performance.now() - asked);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  };
  requestAnimationFrame(frame);
  void ask();
  return {
    end: () => {
      over = true;
      return { frameMs, answerMs };
    },
  };
}
