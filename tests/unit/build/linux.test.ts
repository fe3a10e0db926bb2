import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeDeb } from "../../../build/deb.ts";
import { root } from "../../../build/paths.ts";
import { run } from "../../../build/processes.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const linux = join(root, "build/linux");
const read = (name: string): string => readFileSync(join(linux, name), "utf8");
const has = async (program: string): Promise<boolean> => (await run(program, ["--version"])).code === 0;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder("linux");
});
afterEach(() => folder.remove());

describe("the entry in the menu", () => {
  test("has a group, and each key once, with what the specification demands", () => {
    const [group, ...lines] = read("org.steward.desktop.desktop").trimEnd().split("\n");
    expect(group).toBe("[Desktop Entry]");
    const entries = lines.map((line) => /^([A-Za-z]+(?:\[[a-z]{2}\])?)=(\S.*)$/.exec(line));
    expect(entries.filter((entry) => entry === null)).toEqual([]);
    const keys = entries.map((entry) => entry?.[1] ?? "");
    expect(new Set(keys).size).toBe(keys.length);
    const values = new Map(entries.map((entry) => [entry?.[1], entry?.[2]]));
    expect([values.get("Type"), values.get("Name"), values.get("Exec"), values.get("Icon")]).toEqual([
      "Application",
      "Steward",
      "steward",
      "steward",
    ]);
    for (const list of ["Categories", "Keywords", "Keywords[de]"]) expect(values.get(list)).toMatch(/;$/);
  });
});

describe("the AppStream metadata", () => {
  const text = read("org.steward.desktop.metainfo.xml");

  test("are well-formed, and name the entry and the licence that there are", () => {
    const open: string[] = [];
    for (const [, end, name, alone] of text.replace(/<\?.*?\?>/, "").matchAll(/<(\/?)([a-z_]+)(?:\s+[a-z:]+="[^"<]*")*\s*(\/?)>/g)) {
      if (end) expect(open.pop()).toBe(name);
      else if (!alone) open.push(name ?? "");
    }
    expect(open).toEqual([]);
    expect(text.replaceAll(/<[^<>]+>/g, "")).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    expect(text).toContain('<launchable type="desktop-id">org.steward.desktop.desktop</launchable>');
    const { license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { license: string };
    expect(text).toContain(`<project_license>${license}</project_license>`);
  });

  test("satisfy the validator, where there is one", async ({ skip }) => {
    if (!(await has("appstreamcli"))) skip();
    const { code, output } = await run("appstreamcli", [
      "validate",
      "--no-net",
      "--no-color",
      join(linux, "org.steward.desktop.metainfo.xml"),
    ]);
    expect(code, output).toBe(0);
  });
});

test("the Flatpak manifest names files that there are, and gives no access to all of the person's", () => {
  const manifest = JSON.parse(read("org.steward.desktop.json")) as {
    id: string;
    "finish-args": string[];
    modules: { sources: { type: string; path?: string }[] }[];
  };
  expect(manifest.id).toBe("org.steward.desktop");
  for (const argument of manifest["finish-args"])
    expect(argument).not.toMatch(/filesystem=(?:host|home)|socket=(?:system|session)-bus|devices?=all/);
  const files = manifest.modules.flatMap(({ sources }) =>
    sources.flatMap(({ type, path }) => (type === "file" && path !== undefined ? [path] : [])),
  );
  expect(files).toHaveLength(3);
  for (const path of files) expect(existsSync(resolve(linux, path)), path).toBe(true);
});

test("a Debian package holds the app, its entry and nothing that runs at installation", async ({ skip }) => {
  if (!(await has("dpkg-deb"))) skip();
  const unpacked = join(folder.path, "unpacked");
  await mkdir(join(unpacked, "resources"), { recursive: true });
  for (const name of ["steward", "chrome-sandbox", "resources/app.asar"]) await writeFile(join(unpacked, name), name);
  await chmod(join(unpacked, "steward"), 0o755);
  await chmod(join(unpacked, "chrome-sandbox"), 0o755);
  const path = await makeDeb({
    unpacked,
    target: join(folder.path, "dist"),
    work: join(folder.path, "work"),
    version: "1.2.0-beta.1",
    arch: "x64",
  });
  expect(path).toBe(join(folder.path, "dist/steward_1.2.0-beta.1_amd64.deb"));
  const { output: contents } = await run("dpkg-deb", ["--contents", path]);
  const listed = contents.split("\n").map((line) => line.replaceAll(/ +/g, " ").split(" "));
  const of = (name: string): string[] | undefined => listed.find((line) => line.includes(name));
  expect(of("./opt/Steward/steward")?.slice(0, 2)).toEqual(["-rwxr-xr-x", "root/root"]);
  expect(of("./opt/Steward/chrome-sandbox")?.slice(0, 2)).toEqual(["-rwsr-xr-x", "root/root"]);
  expect(of("./usr/bin/steward")?.slice(-2)).toEqual(["->", "../../opt/Steward/steward"]);
  for (const name of [
    "applications/org.steward.desktop.desktop",
    "metainfo/org.steward.desktop.metainfo.xml",
    "icons/hicolor/512x512/apps/steward.png",
  ]) {
    expect(of(`./usr/share/${name}`)?.[0]).toBe("-rw-r--r--");
  }
  const { output: about } = await run("dpkg-deb", ["--field", path]);
  expect(about).toMatch(/^Version: 1\.2\.0~beta\.1$/m);
  expect(about).toMatch(/^Depends: .*libgtk-3-0/m);
  expect((await run("dpkg-deb", ["--ctrl-tarfile", path])).output).not.toMatch(/postinst|preinst|prerm|postrm/);
  // What was packaged keeps its mode.
  expect((await stat(join(unpacked, "chrome-sandbox"))).mode & 0o7777).toBe(0o755);
});
