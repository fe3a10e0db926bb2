import { copyFile, rename, stat } from "node:fs/promises";
import { FuseState, FuseV1Options, FuseVersion, flipFuses, getCurrentFuseWire } from "@electron/fuses";

type FuseName = keyof typeof FuseV1Options;

/**
 * How each of Electron's fuses must be in what we hand out. A full map: a fuse that a newer `@electron/fuses` knows
 * does not compile until it is decided upon here.
 */
export const fuses: Record<FuseName, boolean> = {
  // The program must not serve anyone as a Node that runs their code with our access to the keychain.
  RunAsNode: false,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableCookieEncryption: true,
  // Only macOS and Windows check the archive; elsewhere these cost nothing.
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  // We make no snapshot of our own.
  LoadBrowserProcessSpecificV8Snapshot: false,
  // The app is served over app://, so file:// needs no powers.
  GrantFileProtocolExtraPrivileges: false,
  // Makes WebAssembly, and so all of the encryption, run faster.
  WasmTrapHandlers: true,
};

/** What a binary's fuses are. Those that it is too old to have are not in it. */
export async function readFuses(executable: string): Promise<Partial<Record<FuseName, boolean>>> {
  const wire: Partial<Record<string, FuseState | string | boolean>> = await getCurrentFuseWire(executable);
  const states: Partial<Record<FuseName, boolean>> = {};
  for (const name of fuseNames()) {
    const state = wire[FuseV1Options[name]];
    if (state === FuseState.ENABLE) states[name] = true;
    if (state === FuseState.DISABLE) states[name] = false;
  }
  return states;
}

/** In an app that is no archive, as `npm start` runs it, these would keep it from starting. */
export const needArchive: Partial<Record<FuseName, boolean>> = {
  EnableEmbeddedAsarIntegrityValidation: false,
  OnlyLoadAppFromAsar: false,
};

/**
 * Sets a binary's fuses as `fuses` says, save for those that `otherwise` names.
 * @returns the names of those that the binary is too old to have
 * @throws Error when the binary has a fuse that is not in the map
 */
export async function setFuses(executable: string, otherwise: Partial<Record<FuseName, boolean>> = {}): Promise<FuseName[]> {
  const wanted = { ...fuses, ...otherwise };
  const wire = await getCurrentFuseWire(executable);
  const known = new Set<string>(fuseNames().map((name) => String(FuseV1Options[name])));
  const unknown = Object.keys(wire).filter((key) => /^\d+$/.test(key) && !known.has(key));
  if (unknown.length > 0) throw new Error(`this Electron has fuses that we do not know: ${unknown.join(", ")}.`);
  await ownCopy(executable);
  const present = Object.keys(await readFuses(executable)) as FuseName[];
  await flipFuses(executable, {
    version: FuseVersion.V1,
    resetAdHocDarwinSignature: process.platform === "darwin" && process.arch === "arm64",
    ...Object.fromEntries(present.map((name) => [FuseV1Options[name], wanted[name]])),
  });
  return fuseNames().filter((name) => !present.includes(name));
}

/**
 * Makes a file that shares its content with another one (a hard link, which electron-builder makes in some
 * environments) one of its own, because fuses are written into it.
 */
async function ownCopy(path: string): Promise<void> {
  if ((await stat(path)).nlink === 1) return;
  const copy = `${path}.copy`;
  await copyFile(path, copy);
  await rename(copy, path);
}

const fuseNames = (): FuseName[] => Object.keys(fuses) as FuseName[];
