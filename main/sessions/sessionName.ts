const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = { darwin: "macOS", win32: "Windows", linux: "Linux" };

/** What the person's system is called. */
export function systemName(): string {
  return SYSTEMS[process.platform] ?? process.platform;
}

/** How other clients list sessions that got no name. Not the computer's own: that is nobody's business on the server. */
export function defaultSessionName(): string {
  return `Steward on ${systemName()}`;
}
