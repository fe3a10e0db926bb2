import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { readIfThere, removeDurably, writeForPerson } from "../storage/durableFile.ts";
import { makeFolder } from "../storage/folders.ts";

/** What the desktop calls the program; also the name of its entry in the menu. */
const NAME = "steward.desktop";

/** Where a desktop looks for what it starts when the person signs in. A relative path counts as none (XDG base directories). */
export function autostartPath(env: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CONFIG_HOME: config, HOME: home } = env;
  const folder =
    config !== undefined && isAbsolute(config) ? config : join(home !== undefined && isAbsolute(home) ? home : homedir(), ".config");
  return join(folder, "autostart", NAME);
}

/**
 * The file with which a Linux desktop starts a program when the person signs in.
 * @see https://specifications.freedesktop.org/autostart-spec/latest/
 */
export class AutostartFile {
  readonly #path: string;
  readonly #command: readonly string[];

  /** @param command the program, an absolute path, and what it is started with */
  constructor(path: string, command: readonly string[]) {
    this.#path = path;
    this.#command = command;
  }

  /** Whether the desktop will start it: the person may have switched it off in the desktop's own settings. @throws `file_failed` */
  async isOn(): Promise<boolean> {
    const text = (await readIfThere(this.#path))?.toString("utf8");
    return text !== undefined && !/^\s*(?:Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$/im.test(text);
  }

  /** Writes or removes the file. @throws `file_failed` */
  async set(on: boolean): Promise<void> {
    if (!on) return removeDurably(this.#path);
    await makeFolder(dirname(this.#path));
    await writeForPerson(this.#path, this.#entry());
  }

  #entry(): string {
    const command = this.#command.map(quoted).join(" ");
    return `[Desktop Entry]\nType=Application\nName=Steward\nExec=${command}\nIcon=steward\nTerminal=false\nX-GNOME-Autostart-enabled=true\n`;
  }
}

/**
 * One argument of `Exec`: quoted for whoever splits it, then escaped as every value of the file is.
 * @see https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html
 */
function quoted(argument: string): string {
  return `"${argument.replace(/["`$\\]/g, "\\$&")}"`.replaceAll("\\", "\\\\").replaceAll("%", "%%").replaceAll("\n", "\\n");
}
