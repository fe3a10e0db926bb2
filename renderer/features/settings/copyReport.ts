import type { Requests } from "../../../shared/contract/index.ts";

/**
 * Copies the redacted report. False when there is nothing to report. The clipboard takes 10,000 characters: the
 * end.
 */
export async function copyReport(steward: Requests): Promise<boolean> {
  const { text } = await steward.app.report({});
  if (text === null) return false;
  await steward.app.copyText({ text: text.slice(-10_000) });
  return true;
}
