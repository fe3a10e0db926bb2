import type { FileLayer, OpenFile } from "../../main/storage/fileLayer.ts";

/** What becomes of that which was not synced when the power goes. */
export type Unsynced = "lost" | "kept" | "garbled" | "mixed";

interface FileNode {
  kind: "file";
  now: Buffer;
  /** What is on the disk; a new file is empty there. */
  synced: Buffer;
  /** Milliseconds since 1970 when it was last written to. */
  modifiedAt: number;
}

interface FolderNode {
  kind: "folder";
  now: Map<string, Node>;
  synced: Map<string, Node>;
}

type Node = FileNode | FolderNode;

/** A change of one or, for a rename, two lists of names, which takes effect as a whole. */
interface NameChange {
  folders: FolderNode[];
  apply: (names: (folder: FolderNode) => Map<string, Node>) => void;
}

/** What everything says once the power is gone. */
class PowerCut extends Error {}

/**
 * A disk in memory whose power can be cut at any `sync`. POSIX promises no more than this: what a file holds is on the
 * disk once the file was synced, and its name once its folder was. Like a file system with a journal, it keeps the
 * changes of one folder in order, and a rename is never half done.
 */
export class PowerCutDisk implements FileLayer {
  /** What time it is for what is written. */
  clock: () => number = Date.now;
  #root: FolderNode = newFolder();
  #pending: NameChange[] = [];
  #syncs = 0;
  #cutAt = Infinity;
  /** Whether `sync` does anything: a test that takes it away must fail. */
  readonly #ignoresSync: (what: "file" | "folder") => boolean;

  constructor({ ignoresSync = () => false }: { ignoresSync?: (what: "file" | "folder") => boolean } = {}) {
    this.#ignoresSync = ignoresSync;
  }

  /** How often `sync` was called. */
  get syncs(): number {
    return this.#syncs;
  }

  get dead(): boolean {
    return this.#syncs >= this.#cutAt;
  }

  /** Lets the power go just before the `n`-th call of `sync` from now on, from 1, has done anything. */
  cutAt(n: number): void {
    this.#cutAt = this.#syncs + n;
  }

  /** Puts everything on the disk that is not there yet. */
  syncAll(): void {
    this.restart("kept", () => 0);
  }

  /** Gives the disk power again, with what is left on it. */
  restart(unsynced: Unsynced, random: () => number): void {
    this.#cutAt = Infinity;
    const left = new Map<FolderNode, number>();
    for (const change of this.#pending) for (const folder of change.folders) left.set(folder, (left.get(folder) ?? 0) + 1);
    // Of each folder's changes some first ones are kept.
    for (const [folder, count] of left) {
      left.set(folder, unsynced === "lost" ? 0 : unsynced === "mixed" ? Math.floor(random() * (count + 1)) : count);
    }
    for (const { folders, apply } of this.#pending) {
      const kept = folders.every((folder) => (left.get(folder) ?? 0) > 0);
      for (const folder of folders) left.set(folder, kept ? (left.get(folder) ?? 0) - 1 : 0);
      if (kept) apply((folder) => folder.synced);
    }
    this.#pending = [];
    settle(this.#root, unsynced, random);
  }

  /** What a file holds now, or null when there is none. */
  peek(path: string): Buffer | null {
    const node = this.#find(path);
    return node?.kind === "file" ? node.now : null;
  }

  /** The paths of all files. */
  all(): string[] {
    return [...walk(this.#root, "")];
  }

  async open(path: string, flags: "r" | "w" | "wx" | "a"): Promise<OpenFile> {
    await this.#powered();
    const node = flags === "r" ? this.#get(path) : this.#openToWrite(path, flags);
    let written = flags === "a" && node.kind === "file" ? node.now.length : 0;
    return {
      chmod: () => this.#powered(),
      writeFile: async (content) => {
        await this.#powered();
        if (node.kind !== "file") throw systemError("EISDIR");
        const bytes = Buffer.from(content);
        node.now = Buffer.concat([node.now.subarray(0, written), bytes]);
        node.modifiedAt = this.clock();
        written += bytes.length;
      },
      sync: () => this.#sync(node),
      close: () => Promise.resolve(),
    };
  }

  async readFile(path: string): Promise<Buffer> {
    await this.#powered();
    const node = this.#get(path);
    if (node.kind !== "file") throw systemError("EISDIR");
    return Buffer.from(node.now);
  }

  async readdir(path: string): Promise<string[]> {
    await this.#powered();
    return [...this.#folder(path).now.keys()];
  }

  async stat(path: string): Promise<{ mtimeMs: number }> {
    await this.#powered();
    const node = this.#get(path);
    return { mtimeMs: node.kind === "file" ? node.modifiedAt : 0 };
  }

  async chmod(path: string): Promise<void> {
    await this.#powered();
    this.#get(path);
  }

  async mkdir(path: string): Promise<string | undefined> {
    await this.#powered();
    let topmost: string | undefined;
    const parts = partsOf(path);
    for (let length = 1; length <= parts.length; length += 1) {
      const folder = `/${parts.slice(0, length).join("/")}`;
      if (this.#find(folder)) continue;
      topmost ??= folder;
      this.#link(folder, newFolder());
    }
    return topmost;
  }

  async rename(path: string, newPath: string): Promise<void> {
    await this.#powered();
    const node = this.#get(path);
    const there = this.#find(newPath);
    if (there?.kind === "folder" && there.now.size > 0) throw systemError("ENOTEMPTY");
    const [from, name] = this.#place(path);
    const [to, newName] = this.#place(newPath);
    this.#change({
      folders: from === to ? [from] : [from, to],
      apply: (names) => {
        names(from).delete(name);
        names(to).set(newName, node);
      },
    });
  }

  async rm(path: string): Promise<void> {
    await this.#powered();
    const node = this.#find(path);
    if (node?.kind === "folder") throw systemError("EISDIR");
    if (node) this.#unlink(path);
  }

  async removeFolder(path: string): Promise<void> {
    await this.#powered();
    const node = this.#find(path);
    if (node?.kind === "folder") for (const name of [...node.now.keys()]) await this.removeFolder(`${path}/${name}`);
    if (node) this.#unlink(path);
  }

  async #powered(): Promise<void> {
    await Promise.resolve();
    if (this.dead) throw new PowerCut("the power is gone");
  }

  async #sync(node: Node): Promise<void> {
    await this.#powered();
    this.#syncs += 1;
    await this.#powered();
    if (this.#ignoresSync(node.kind)) return;
    if (node.kind === "file") {
      node.synced = node.now;
      return;
    }
    // In order: of the other folder of a rename, what was before it goes along.
    const last = this.#pending.findLastIndex(({ folders }) => folders.includes(node));
    const folders = new Set([node]);
    for (const change of this.#pending.slice(0, last + 1).reverse()) {
      if (change.folders.some((folder) => folders.has(folder))) change.folders.forEach((folder) => folders.add(folder));
    }
    const now = this.#pending.slice(0, last + 1).filter((change) => change.folders.some((folder) => folders.has(folder)));
    for (const { apply } of now) apply((folder) => folder.synced);
    this.#pending = this.#pending.filter((change) => !now.includes(change));
  }

  #openToWrite(path: string, flags: "w" | "wx" | "a"): FileNode {
    const there = this.#find(path);
    if (there && flags === "wx") throw systemError("EEXIST");
    if (there?.kind === "folder") throw systemError("EISDIR");
    if (there) {
      if (flags !== "a") there.now = Buffer.alloc(0);
      return there;
    }
    const made: FileNode = { kind: "file", now: Buffer.alloc(0), synced: Buffer.alloc(0), modifiedAt: this.clock() };
    this.#link(path, made);
    return made;
  }

  #link(path: string, node: Node): void {
    const [folder, name] = this.#place(path);
    this.#change({ folders: [folder], apply: (names) => names(folder).set(name, node) });
  }

  #unlink(path: string): void {
    const [folder, name] = this.#place(path);
    this.#change({ folders: [folder], apply: (names) => names(folder).delete(name) });
  }

  #change(change: NameChange): void {
    change.apply((folder) => folder.now);
    this.#pending.push(change);
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const part of partsOf(path)) node = node?.kind === "folder" ? node.now.get(part) : undefined;
    return node;
  }

  #get(path: string): Node {
    const node = this.#find(path);
    if (!node) throw systemError("ENOENT");
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#get(path);
    if (node.kind !== "folder") throw systemError("ENOTDIR");
    return node;
  }

  #place(path: string): [FolderNode, string] {
    const parts = partsOf(path);
    return [this.#folder(`/${parts.slice(0, -1).join("/")}`), parts.at(-1) ?? ""];
  }
}

function newFolder(): FolderNode {
  return { kind: "folder", now: new Map(), synced: new Map() };
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function* walk(folder: FolderNode, path: string): Generator<string> {
  for (const [name, node] of folder.now) {
    if (node.kind === "file") yield `${path}/${name}`;
    else yield* walk(node, `${path}/${name}`);
  }
}

/** Makes what is on the disk what is there. */
function settle(folder: FolderNode, unsynced: Unsynced, random: () => number): void {
  folder.now = new Map(folder.synced);
  for (const node of folder.now.values()) {
    if (node.kind === "folder") settle(node, unsynced, random);
    else node.now = node.synced = survivor(node, unsynced, random);
  }
}

function survivor({ now, synced }: FileNode, unsynced: Unsynced, random: () => number): Buffer {
  const fate = unsynced === "mixed" ? (["lost", "kept", "garbled"] as const)[Math.floor(random() * 3)] : unsynced;
  if (fate === "kept" || now.equals(synced)) return now;
  if (fate === "lost") return synced;
  const bytes = Buffer.from(now);
  // The length is there, some of the content is not: zeroes, or what lay on the disk before.
  // What is appended to a file leaves as it is what was synced of it.
  const safe = now.subarray(0, synced.length).equals(synced) ? synced.length : 0;
  const from = safe + Math.floor(random() * (bytes.length - safe));
  if (random() < 0.5) bytes.fill(0, from);
  else for (let at = from; at < bytes.length; at += 1) bytes[at] = Math.floor(random() * 256);
  return bytes;
}
