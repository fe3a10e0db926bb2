import { chmod, copyFile, mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "./paths.ts";
import { run } from "./processes.ts";
import { linkTree } from "./stage.ts";

/** What Electron needs of a Debian or Ubuntu. */
const depends = [
  ["libgtk-3-0", "libnotify4", "libnss3", "libxss1", "libxtst6", "libatspi2.0-0", "libuuid1", "libgbm1"],
  ["libasound2 | libasound2t64", "libsecret-1-0", "xdg-utils"],
].flat();

/** Tells keychain and desktop services that are asked where they are there. */
const recommends = ["gnome-keyring", "dbus-bin"];

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64", arm: "armhf" };

export interface DebOptions {
  /** The unpacked app, as electron-builder has left it. */
  unpacked: string;
  /** The folder that gets the package. */
  target: string;
  /** A folder to work in; it is emptied. */
  work: string;
  version: string;
  arch?: NodeJS.Architecture;
}

/**
 * Makes a Debian package of the unpacked app with `dpkg-deb` alone. It runs no script when it is installed: what would be
 * done by one is in the package already.
 * @returns its path
 * @throws Error when there is no `dpkg-deb` or it fails
 */
export async function makeDeb({ unpacked, target, work, version, arch = process.arch }: DebOptions): Promise<string> {
  const architecture = architectures[arch];
  if (architecture === undefined) throw new Error(`Debian has no name for ${arch} here`);
  await rm(work, { recursive: true, force: true });
  const app = join(work, "opt/Steward");
  await linkTree(unpacked, app);
  // Not a link: the file that was packaged keeps its mode. Chromium's sandbox needs it where namespaces are forbidden.
  await rm(join(app, "chrome-sandbox"), { force: true });
  await put(join(unpacked, "chrome-sandbox"), join(app, "chrome-sandbox"), 0o4755);
  await mkdir(join(work, "usr/bin"), { recursive: true });
  await symlink("../../opt/Steward/steward", join(work, "usr/bin/steward"));
  const share = join(work, "usr/share");
  const linux = join(root, "build/linux");
  await put(join(linux, "org.steward.desktop.desktop"), join(share, "applications/org.steward.desktop.desktop"));
  await put(join(linux, "org.steward.desktop.metainfo.xml"), join(share, "metainfo/org.steward.desktop.metainfo.xml"));
  await put(join(root, "build/icons/icon.png"), join(share, "icons/hicolor/512x512/apps/steward.png"));
  await put(join(root, "LICENSE"), join(share, "doc/steward/copyright"));
  const kibibytes = Math.ceil((await sizeOf(work)) / 1024);
  await mkdir(join(work, "DEBIAN"));
  await writeFile(join(work, "DEBIAN/control"), control(version, architecture, kibibytes), { mode: 0o644 });
  const path = join(target, `steward_${version}_${architecture}.deb`);
  await mkdir(target, { recursive: true });
  const { code, output } = await run("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", work, path]);
  if (code !== 0) throw new Error(`dpkg-deb ended with code ${code}: ${output}`);
  await rm(work, { recursive: true });
  return path;
}

/** @see https://www.debian.org/doc/debian-policy/ch-controlfields.html */
function control(version: string, architecture: string, kibibytes: number): string {
  return [
    "Package: steward",
    // A version that comes before another: 1.0.0-beta.1 is 1.0.0~beta.1 here.
    `Version: ${version.replace("-", "~")}`,
    `Architecture: ${architecture}`,
    "Section: net",
    "Priority: optional",
    `Installed-Size: ${kibibytes}`,
    "Maintainer: The Steward authors <steward@localhost>",
    `Depends: ${depends.join(", ")}`,
    `Recommends: ${recommends.join(", ")}`,
    "Description: manages Matrix accounts and their keys",
    " Several accounts are signed in at once, and one page says what each of",
    " them needs: sessions, Secure Backup, recovery email. For admins of a",
    " Synapse homeserver it manages users, too.",
    "",
  ].join("\n");
}

async function put(from: string, to: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, mode);
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}
