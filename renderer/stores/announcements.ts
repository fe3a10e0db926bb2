import { create } from "zustand";

/** Something that was done, said once at the top of the page. */
export interface Announcement {
  readonly id: number;
  readonly tone: "success" | "warn";
  /** Its text in the language of the moment: it may stand while the language is changed. */
  readonly say: () => string;
}

interface AnnouncementsState {
  readonly shown: readonly Announcement[];
  /** What a screen reader is told without anything being shown. */
  readonly spoken: string;
}

export const useAnnouncements = create<AnnouncementsState>()(() => ({ shown: [], spoken: "" }));

let lastId = 0;

/** Says something at the top of the page until it is dismissed, another page is shown, or something newer is said. */
export function announce(say: () => string, tone: Announcement["tone"] = "success"): void {
  useAnnouncements.setState({ shown: [{ id: ++lastId, tone, say }], spoken: say() });
}

/** Tells a screen reader, and shows nothing. */
export function speak(text: string): void {
  useAnnouncements.setState({ spoken: text });
}

/** Takes everything away that is shown. */
export function clearAnnouncements(): void {
  useAnnouncements.setState({ shown: [] });
}

/** Takes an announcement away. */
export function dismissAnnouncement(id: number): void {
  useAnnouncements.setState(({ shown }) => ({ shown: shown.filter((other) => other.id !== id) }));
}
