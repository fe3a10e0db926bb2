import { create } from "zustand";
import type { UpdateState } from "../../shared/contract/updates.ts";
import type { AppError } from "../../shared/errors.ts";
import { steward } from "../bridge.ts";
import { createLatest } from "./latest.ts";

interface Updates {
  /** Null until main has said what it knows. */
  readonly state: UpdateState | null;
  /** What the person has put off: a version, and how far it was. */
  readonly dismissed: string | null;
}

export const useUpdates = create<Updates>()(() => ({ state: null, dismissed: null }));

const latest = createLatest<UpdateState>(
  () => steward.updates.state({}),
  (state) => useUpdates.setState({ state }),
);

/** Takes in what is known now. */
export const updatesChanged = latest.told;

/** Asks main what it knows, which costs no request. */
export const loadUpdates = latest.load;

/** What the person should know of on whatever page they are. */
export interface UpdateNotice {
  readonly version: string;
  /** Whether a restart installs it. */
  readonly ready: boolean;
  /** Why it could not be had; null where it was not tried, or went well. */
  readonly error: AppError | null;
}

/** Null where there is nothing new, or it was put off. */
export function updateNotice({ state, dismissed }: Updates): UpdateNotice | null {
  if (!state?.newer) return null;
  const { newer, download } = state;
  const error = download.phase === "failed" ? download.error : null;
  const notice = { version: newer.version, ready: download.phase === "ready", error };
  return dismissed === named(notice) ? null : notice;
}

const named = ({ version, ready, error }: UpdateNotice): string => `${version} ${error ? "failed" : ready ? "ready" : "out"}`;

/** Takes a notice away until Steward starts again, or there is more to say. */
export function dismissUpdate(notice: UpdateNotice): void {
  useUpdates.setState({ dismissed: named(notice) });
}
