import { ensureVenv, type PythonInstallation } from "./pythonVenv.ts";

/** Makes sure that the pinned Sydent is installed in `.cache/sydent-venv`. @throws as `ensureVenv` does */
export function ensureSydent(): Promise<PythonInstallation> {
  return ensureVenv({ name: "Sydent", folder: "sydent-venv", requirements: "sydent-requirements.txt" });
}
