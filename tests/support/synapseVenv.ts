import { ensureVenv, type PythonInstallation } from "./pythonVenv.ts";

/** Makes sure that the pinned Synapse is installed in `.cache/synapse-venv`. @throws as `ensureVenv` does */
export function ensureSynapse(): Promise<PythonInstallation> {
  return ensureVenv({ name: "Synapse", folder: "synapse-venv", requirements: "synapse-requirements.txt" });
}
