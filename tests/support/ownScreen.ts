import { displaysVariable } from "../../build/xvfb.ts";

/** Gives each worker of Vitest a screen of its own: a window that appears would take the focus from another's. */
const displays = process.env[displaysVariable]?.split(",") ?? [];
const worker = Number(process.env.VITEST_POOL_ID ?? 1);
const display = displays[(worker - 1) % displays.length];
if (display) process.env.DISPLAY = display;
