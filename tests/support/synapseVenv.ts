import { ensureVenv, type PythonInstallation } from "./pythonVenv.ts";

/** Makes sure that the pinned Synapse is installed in `.cache/synapse-venv`. @throws as `ensureVenv` does */
export function ensureSynapse(): Promise<PythonInstallation> {
  return ensureVenv({ name: "Synapse", folder: "synapse-venv", requirements: "synapse-requirements.txt" });
}

/** The same for an older one, in `.cache/synapse-older-venv`: servers are not all of today. @throws as `ensureVenv` does */
export function ensureOlderSynapse(): Promise<PythonInstallation> {
  return ensureVenv({ name: "older Synapse", folder: "synapse-older-venv", requirements: "synapse-older-requirements.txt" });
}
