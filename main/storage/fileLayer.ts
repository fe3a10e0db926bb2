import * as node from "node:fs/promises";

/** An open file or folder, as far as main uses one to write. */
export interface OpenFile {
  chmod(mode: number): Promise<void>;
  /** Appends all of it, or says why not. */
  writeFile(content: string | Uint8Array): Promise<void>;
  /** Resolves when what was written is on the disk; of a folder: its list of names. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The file system, as far as what main keeps goes through it: errors are those of `node:fs`. It is a port so that tests
 * can cut the power at any `sync` and lose, keep or garble what was not synced.
 */
export interface FileLayer {
  /** `w`, `wx` and `a` as in `node:fs`; `r` for a folder that is to be synced. */
  open(path: string, flags: "r" | "w" | "wx" | "a", mode?: number): Promise<OpenFile>;
  readFile(path: string): Promise<Buffer>;
  readdir(path: string): Promise<string[]>;
  /** When it was last written to, in milliseconds since 1970. Rejects with ENOENT when there is nothing of that name. */
  stat(path: string): Promise<{ readonly mtimeMs: number }>;
  chmod(path: string, mode: number): Promise<void>;
  /** Makes the folder and those above it; answers the topmost one that it made. */
  mkdir(path: string, mode: number): Promise<string | undefined>;
  rename(path: string, newPath: string): Promise<void>;
  /** Removes a file. Removing what is absent is no error. */
  rm(path: string): Promise<void>;
  /** Removes a folder with all that is in it. Removing what is absent is no error. */
  removeFolder(path: string): Promise<void>;
}

const systemFiles: FileLayer = {
  open: (path, flags, mode) => node.open(path, flags, mode),
  readFile: (path) => node.readFile(path),
  readdir: (path) => node.readdir(path),
  stat: (path) => node.stat(path),
  chmod: (path, mode) => node.chmod(path, mode),
  mkdir: (path, mode) => node.mkdir(path, { recursive: true, mode }),
  rename: (path, newPath) => node.rename(path, newPath),
  rm: (path) => node.rm(path, { force: true }),
  removeFolder: (path) => node.rm(path, { recursive: true, force: true, maxRetries: 3 }),
};

let current = systemFiles;

/** The file system that everything durable goes through. */
export function files(): FileLayer {
  return current;
}

/** Puts another file system in place of the real one, until the function it answers is called. For tests alone. */
export function useFileLayer(layer: FileLayer): () => void {
  current = layer;
  return () => {
    current = systemFiles;
  };
}
