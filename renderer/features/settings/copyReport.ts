import type { Requests } from "../../../shared/contract/index.ts";

/** Copies the redacted report, whole: what went wrong stands at its start. */
export async function copyReport(steward: Requests): Promise<void> {
  const { text } = await steward.app.report({});
  await steward.app.copyText({ text });
}
