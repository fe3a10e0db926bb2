import { create } from "zustand";
import type { UpdateState } from "../../shared/contract/updates.ts";
import { steward } from "../bridge.ts";

/** Whether a newer version is known; null until main has said so. */
export const useUpdates = create<{ readonly state: UpdateState | null; readonly dismissed: string | null }>()(() => ({
  state: null,
  dismissed: null,
}));

export function updatesChanged(state: UpdateState): void {
  useUpdates.setState({ state });
}

/** Asks main what it knows, which costs no request. */
export async function loadUpdates(): Promise<void> {
  updatesChanged(await steward.updates.state({}));
}

/** Takes a version's notice away until Steward starts again. */
export function dismissNewer(version: string): void {
  useUpdates.setState({ dismissed: version });
}
