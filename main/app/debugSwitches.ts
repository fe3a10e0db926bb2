/**
 * Command line switches with which someone could listen in on, or take over, a shipped app. The node inspector is
 * already off by a fuse; these are Chromium's.
 */
const DEBUG_SWITCHES = [
  "remote-debugging-port",
  "remote-debugging-pipe",
  "remote-debugging-address",
  "remote-allow-origins",
  "load-extension",
  "disable-web-security",
  "ignore-certificate-errors",
  "auto-open-devtools-for-tabs",
] as const;

export interface CommandLine {
  hasSwitch(name: string): boolean;
  getSwitchValue(name: string): string;
  removeSwitch(name: string): void;
}

/**
 * Takes debugging switches off a shipped app's command line before Chromium acts on them. One stays: a debugging port
 * of 0, which means a random port on the loopback interface, known only to whoever started the process and reads its
 * output. The tests of the packaged app need it, and it gives that person nothing they cannot do anyway.
 *
 * @returns the switches taken off
 */
export function removeDebugSwitches(commandLine: CommandLine): string[] {
  const unwanted = DEBUG_SWITCHES.filter(
    (name) =>
      commandLine.hasSwitch(name) &&
      !(name === "remote-debugging-port" && commandLine.getSwitchValue(name) === "0"),
  );
  for (const name of unwanted) commandLine.removeSwitch(name);
  return unwanted;
}
