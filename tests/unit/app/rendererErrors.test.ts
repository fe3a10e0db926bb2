import { expect, test } from "vitest";
import { RendererErrors } from "../../../main/app/rendererErrors.ts";
import { RendererError } from "../../../shared/contract/app.ts";

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

test("errors of the window are logged, the first different ones reported, and a flood is counted", () => {
  let now = 0;
  const lines: Readonly<Record<string, unknown>>[] = [];
  const reports: string[] = [];
  const errors = new RendererErrors(
    { write: (kind, error) => reports.push(`${kind} ${(error as Error).stack}`) },
    { ...quiet, error: (_message, fields) => lines.push(fields ?? {}) },
    () => now,
  );
  for (let index = 0; index < 30; index += 1) {
    errors.take({ source: "rejection", text: `Error: number ${Math.floor(index / 2)}`, components: "" });
  }
  expect(lines).toHaveLength(20);
  expect(lines[0]).toEqual({ source: "rejection", text: "Error: number 0" });
  expect(reports).toEqual([0, 1, 2].map((index) => `renderer rejection: Error: number ${index}`));
  now = 60_000;
  errors.take({ source: "caught", text: "Error: late", components: "\n    at Page" });
  expect(lines.at(-1)).toEqual({ source: "caught", text: "Error: late", components: "\n    at Page", leftOutBefore: 10 });
  expect(reports).toHaveLength(3);
});

test("the contract takes no longer errors than the log does", () => {
  const error = { source: "error", text: "x".repeat(6000), components: "" };
  expect(RendererError.safeParse(error).success).toBe(true);
  expect(RendererError.safeParse({ ...error, text: `${error.text}x` }).success).toBe(false);
  expect(RendererError.safeParse({ ...error, source: "main" }).success).toBe(false);
});
