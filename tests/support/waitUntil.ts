import { setTimeout as pause } from "node:timers/promises";
import { patient } from "./soak.ts";

/** How long and how often to look. */
export interface WaitOptions {
  /** Milliseconds until giving up, ten times as many in a soak; 15 seconds unless said otherwise. */
  timeoutMs?: number;
  /** Milliseconds between two looks; 50 unless said otherwise. */
  everyMs?: number;
  /** What is waited for, for the error. */
  what: string;
}

type Falsy = false | null | undefined | 0 | "";

/**
 * Looks at a condition until it holds, and answers what it gave. This is what tests do instead of sleeping.
 *
 * @throws when the time is up; or at once when `condition` throws
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 15_000, everyMs = 50, what }: WaitOptions,
): Promise<Exclude<Awaited<T>, Falsy>> {
  const limitMs = patient(timeoutMs);
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<Awaited<T>, Falsy>;
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain for ${what}`);
    await pause(everyMs);
  }
}

/** Settles as `promise` does, or rejects when that takes longer than `timeoutMs`, or ten times as long in a soak. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limitMs = patient(timeoutMs);
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${limitMs} ms in vain for ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
