import * as z from "zod";
import { Settings } from "../../shared/contract/app.ts";
import { JsonFile } from "./jsonFile.ts";
import type { DamagedFile } from "./jsonFile.ts";

/** Where the window was, in device-independent pixels. Whether that place still exists is for the reader to see. */
export const WindowBounds = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  maximized: z.boolean(),
  /** 1 is the usual size; what the person made of it with Ctrl or Cmd and plus or minus. */
  zoomFactor: z.number().min(0.25).max(5).default(1),
});
export type WindowBounds = z.infer<typeof WindowBounds>;

/** Enough for whoever has accounts on several, and few enough to be looked through. */
const MAX_HOMESERVERS = 5;

const SettingsData = z.looseObject({
  /** A language that only a later version speaks is no reason to lose the rest; nor is one that was never chosen. */
  settings: Settings.extend({ language: Settings.shape.language.catch("system") }),
  window: WindowBounds.nullable(),
  /** Where accounts were added before, the last first, in words that find them. */
  homeservers: z.array(z.string()).optional(),
});
type SettingsData = z.infer<typeof SettingsData>;

const DEFAULTS: SettingsData = { settings: { theme: "system", language: "system" }, window: null };

/** What a person chose in Settings, and where they left the window. */
export class SettingsFile {
  readonly #file: JsonFile<SettingsData>;

  constructor({ path, onDamaged }: { readonly path: string; readonly onDamaged: (damaged: DamagedFile) => void }) {
    this.#file = new JsonFile({ path, schema: SettingsData, version: 1, onDamaged });
  }

  /**
   * The settings, or the defaults when nothing was chosen yet.
   * @throws `data_too_new`, `file_failed`
   */
  async settings(): Promise<Settings> {
    return ((await this.#file.read()) ?? DEFAULTS).settings;
  }

  /**
   * Changes what is named and answers the whole. A key that is there without a value changes nothing.
   * @throws `data_too_new`, `file_failed`
   */
  async updateSettings(change: { readonly [K in keyof Settings]?: Settings[K] | undefined }): Promise<Settings> {
    const named = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const data = await this.#file.update((before) => {
      const now = before ?? DEFAULTS;
      return { ...now, settings: { ...now.settings, ...named } };
    });
    return data.settings;
  }

  /**
   * Where the window was, or null when it was never kept.
   * @throws `data_too_new`, `file_failed`
   */
  async windowBounds(): Promise<WindowBounds | null> {
    return ((await this.#file.read()) ?? DEFAULTS).window;
  }

  /** @throws `data_too_new`, `file_failed` */
  async keepWindowBounds(window: WindowBounds): Promise<void> {
    await this.#file.update((before) => ({ ...(before ?? DEFAULTS), window }));
  }

  /**
   * The homeservers where accounts were added before, the last first.
   * @throws `data_too_new`, `file_failed`
   */
  async homeservers(): Promise<string[]> {
    return (await this.#file.read())?.homeservers ?? [];
  }

  /**
   * Puts one first, and answers all that are kept.
   * @throws `data_too_new`, `file_failed`
   */
  async keepHomeserver(input: string): Promise<string[]> {
    const data = await this.#file.update((before) => {
      const others = (before?.homeservers ?? []).filter((other) => other.toLowerCase() !== input.toLowerCase());
      return { ...(before ?? DEFAULTS), homeservers: [input, ...others].slice(0, MAX_HOMESERVERS) };
    });
    return data.homeservers ?? [];
  }

  /** @throws `data_too_new`, `file_failed` */
  async forgetHomeservers(): Promise<void> {
    await this.#file.update((before) => ({ ...(before ?? DEFAULTS), homeservers: [] }));
  }
}
