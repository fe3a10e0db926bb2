import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { filesOf } from "../../../build/announce.ts";
import { TEST_FEED_PUBLIC_KEY } from "../../../build/feedForTests.ts";
import { ElectronUpdater } from "../../../main/app/electronUpdater.ts";
import { UpdatesService, type UpdatesParts } from "../../../main/app/updates.ts";
import type { Logger } from "../../../main/logging/logger.ts";
import { files, useFileLayer } from "../../../main/storage/fileLayer.ts";
import { UpdateDownload, type UpdateState } from "../../../shared/contract/updates.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";
import { testVersion, UpdateFeed } from "../../support/updateFeed.ts";
import { waitUntil } from "../../support/waitUntil.ts";

/** Longer than what a connection takes at once. */
const PADDING = "#".repeat(400_000);
const NEW = testVersion("1.3.0", `#!/bin/sh\nprintf '%s' "$*" > "$(dirname "$0")/started"\n${PADDING}`);

let feed: UpdateFeed;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let appImage: string;
let updatesFolder: string;
let last: (() => void)[];
let opened: number;
let service: UpdatesService;
let told: UpdateState[];

beforeEach(async () => {
  folder = await temporaryFolder("updates");
  feed = await UpdateFeed.start(NEW);
  appImage = join(folder.path, "apps", "Steward-1.2.0.AppImage");
  updatesFolder = join(folder.path, "data", "updates");
  await mkdir(dirname(appImage));
  await writeFile(appImage, "the old program", { mode: 0o755 });
  vi.stubEnv("APPIMAGE", appImage);
  [last, told, opened] = [[], [], 0];
  service = newService();
});
afterEach(async () => {
  await service.stopAll();
  await feed.stop();
  vi.unstubAllEnvs();
  await folder.remove();
});

function partsOf(): UpdatesParts {
  return {
    feed: { url: feed.server.baseUrl, publicKey: TEST_FEED_PUBLIC_KEY },
    version: "1.2.0",
    fetch: globalThis.fetch,
    target: () => Promise.resolve({ extension: "AppImage", path: appImage }),
    folder: updatesFolder,
    openUpdater: ({ url }, target) => {
      opened += 1;
      const parts = { target, baseUrl: url, fetch: globalThis.fetch, version: "1.2.0", folder: updatesFolder, args: ["--one", "two"] };
      return Promise.resolve(new ElectronUpdater({ ...parts, logger: quietLogger }));
    },
    endWith: (step) => last.push(step),
    openPage: () => Promise.resolve(),
    emit: (_channel, state) => told.push(state as UpdateState),
    logger: quietLogger,
  };
}

const newService = (given: Partial<UpdatesParts> = {}): UpdatesService => new UpdatesService({ ...partsOf(), ...given });

/** Downloads until it has ended one way or another. */
async function downloaded(): Promise<UpdateDownload> {
  await service.check();
  service.download();
  await waitUntil(() => service.state().download.phase !== "downloading", { what: "the download to end" });
  return service.state().download;
}

/** Every file below the data's folder that could be taken for a program. */
const kept = async (): Promise<string[]> =>
  (await readdir(join(folder.path, "data"), { recursive: true }).catch(() => [])).filter((name) => name.includes("AppImage"));

const oldProgram = (): Promise<string> => readFile(appImage, "utf8");

describe("a newer version", () => {
  test("is downloaded and installed when the person says so, and not before", async () => {
    expect(await service.check()).toMatchObject({
      newer: { version: "1.3.0", sizeBytes: NEW.content.length },
      download: { phase: "none" },
    });
    expect([feed.asked, opened]).toEqual([["/latest.json"], 0]);
    expect(await errorOf(service.restart())).toMatchObject({ kind: "not_found" });
    expect(await downloaded()).toEqual({ phase: "ready" });
    const steps = told.flatMap(({ download }) => (download.phase === "downloading" ? [download.receivedBytes] : []));
    expect(steps).toEqual([...steps].sort((one, other) => one - other));
    expect(steps.at(-1)).toBe(NEW.content.length);
    // Nothing that says who asks.
    for (const { headers } of feed.server.arrived) {
      expect(Object.keys(headers)).not.toEqual(expect.arrayContaining([expect.stringMatching(/staging|cookie|authorization/)]));
    }
    expect(await readdir(join(folder.path, "data"))).toEqual(["updates"]);
    expect(await oldProgram()).toBe("the old program");

    await Promise.all([service.restart(), service.restart()]);
    await service.restart();
    expect(await readFile(appImage)).toEqual(NEW.content);
    expect((await stat(appImage)).mode & 0o111).not.toBe(0);
    expect(await kept()).toEqual([]);
    // Once, however often it is pressed.
    expect(last).toHaveLength(1);
    last[0]?.();
    const started = join(dirname(appImage), "started");
    await waitUntil(() => readFile(started, "utf8").catch(() => ""), { what: "the new version to start" });
    expect(await readFile(started, "utf8")).toBe("--one two");
    expect(await readdir(dirname(appImage))).toEqual(["Steward-1.2.0.AppImage", "started"]);
  });

  test("that may not be started there lies in its place all the same", async () => {
    const warned: string[] = [];
    const logger: Logger = { ...quietLogger, warn: (message) => warned.push(message) };
    const base = { baseUrl: feed.server.baseUrl, fetch: globalThis.fetch, version: "1.2.0", folder: updatesFolder, args: [], logger };
    service = newService({
      openUpdater: (_feed, target) => Promise.resolve(new ElectronUpdater({ target, ...base })),
    });
    expect(await downloaded()).toEqual({ phase: "ready" });
    await service.restart();
    await chmod(appImage, 0o600);
    last[0]?.();
    await waitUntil(() => warned.includes("the newer version was not started"), { what: "the failure to be logged" });
    expect(await readFile(appImage)).toEqual(NEW.content);
  });

  test("that was downloaded by an earlier run is not downloaded again, and goes when it is the one that runs", async () => {
    expect(await downloaded()).toEqual({ phase: "ready" });
    service = newService();
    expect(await downloaded()).toEqual({ phase: "ready" });
    expect(feed.asked.filter((path) => path.endsWith(".AppImage"))).toHaveLength(1);
    expect(await kept()).not.toEqual([]);
    service = newService({ version: "1.3.0" });
    expect(await service.check()).toMatchObject({ newer: null, download: { phase: "none" } });
    expect(await kept()).toEqual([]);
  });

  test("takes the place of the one that was downloaded before it", async () => {
    expect(await downloaded()).toEqual({ phase: "ready" });
    feed.announce(testVersion("1.4.0", "#!/bin/sh\n"));
    expect(await service.check()).toMatchObject({ newer: { version: "1.4.0" }, download: { phase: "none" } });
    expect(await downloaded()).toEqual({ phase: "ready" });
    await service.restart();
    expect(await oldProgram()).toBe("#!/bin/sh\n");
  });

  test("that is announced anew with another file is not installed from the one before", async () => {
    expect(await downloaded()).toEqual({ phase: "ready" });
    feed.announce(testVersion("1.3.0", "#!/bin/sh\n# mended\n"));
    expect(await service.check()).toMatchObject({ newer: { version: "1.3.0" }, download: { phase: "none" } });
    expect(await errorOf(service.restart())).toMatchObject({ kind: "not_found" });
    expect(await downloaded()).toEqual({ phase: "ready" });
    await service.restart();
    expect(await oldProgram()).toBe("#!/bin/sh\n# mended\n");
  });

  test.each(["1.2.0", "1.1.0"])("is none where %s is announced: nothing is downloaded", async (version) => {
    feed.announce(testVersion(version, "an old program"));
    expect(await service.check()).toMatchObject({ newer: null });
    expect(await errorOf(Promise.resolve().then(() => service.download()))).toMatchObject({ kind: "not_found" });
    expect([feed.asked, opened]).toEqual([["/latest.json"], 0]);
  });

  test("is only told of where the system or the person installs it", async () => {
    service = newService({ target: () => Promise.resolve(null) });
    expect(await service.check()).toMatchObject({ newer: { version: "1.3.0", sizeBytes: null } });
    expect(await errorOf(Promise.resolve().then(() => service.download()))).toMatchObject({ kind: "not_found" });
    // Nor is there one for another system.
    const [file] = NEW.files;
    for (const other of [{ platform: "plan9" }, { arch: "mips" }, { name: "Steward-1.3.0-x86_64.deb" }]) {
      feed.announce({ ...NEW, files: [{ ...(file as (typeof NEW.files)[0]), ...other }] });
      service = newService();
      expect(await service.check()).toMatchObject({ newer: { sizeBytes: null } });
    }
    expect(opened).toBe(0);
  });
});

describe("a file that is not what was announced is never run", () => {
  const { content } = NEW;
  const changed = Buffer.concat([content.subarray(0, -1), Buffer.from("!")]);
  const answers: [string, (feed: UpdateFeed) => void, object][] = [
    ["another of the same length", (at) => (at.answerFile = (to) => to.end(changed)), { kind: "update_not_as_announced" }],
    ["a shorter one", (at) => (at.answerFile = (to) => to.end(content.subarray(9))), { kind: "update_not_as_announced" }],
    ["a longer one", (at) => (at.answerFile = (to) => to.end(Buffer.concat([content, content]))), { kind: "update_not_as_announced" }],
    ["an empty one", (at) => (at.answerFile = (to) => to.end()), { kind: "update_not_as_announced" }],
    [
      "a page",
      (at) => (at.answerFile = (to) => to.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>")),
      { kind: "update_not_as_announced" },
    ],
    ["none", (at) => (at.answerFile = (to) => to.writeHead(404).end("<html>")), { kind: "server", status: 404 }],
    ["a server that is out of order", (at) => (at.answerFile = (to) => to.writeHead(503).end()), { kind: "gateway_error", status: 503 }],
    [
      "one that is cut off",
      (at) =>
        (at.answerFile = (to) => {
          to.writeHead(200, { "content-length": content.length });
          to.write(content.subarray(0, 300_000), () => to.destroy());
        }),
      { kind: "network", reason: "cut" },
    ],
  ];
  test.each(answers)("%s", async (_what, answer, error) => {
    await service.check();
    answer(feed);
    expect(await downloaded()).toMatchObject({ phase: "failed", error });
    expect(UpdateDownload.safeParse(service.state().download).success).toBe(true);
    expect(await kept()).toEqual([]);
    expect(await errorOf(service.restart())).toMatchObject({ kind: "not_found" });
    expect(await oldProgram()).toBe("the old program");
    // And then the right one comes.
    feed.announce(NEW);
    expect(await downloaded()).toEqual({ phase: "ready" });
  });

  test("one that was changed after it was downloaded", async () => {
    expect(await downloaded()).toEqual({ phase: "ready" });
    const [path = ""] = await kept();
    await writeFile(join(folder.path, "data", path), changed);
    expect(await errorOf(service.restart())).toMatchObject({ kind: "update_not_as_announced" });
    expect(await kept()).toEqual([]);
    expect([await oldProgram(), last]).toEqual(["the old program", []]);
    expect(await readdir(dirname(appImage))).toEqual(["Steward-1.2.0.AppImage"]);
    // The page may be told of that before the answer, and has to say why it is no longer there.
    expect(service.state().download).toEqual({ phase: "failed", error: { kind: "update_not_as_announced" } });
    expect(await downloaded()).toEqual({ phase: "ready" });
  });

  test("one that is gone meanwhile", async () => {
    expect(await downloaded()).toEqual({ phase: "ready" });
    await files().removeFolder(updatesFolder);
    expect(await errorOf(service.restart())).toMatchObject({ kind: "update_not_as_announced" });
    expect(await oldProgram()).toBe("the old program");
  });

  test("half of one, left by a process that was killed", async () => {
    const pending = join(updatesFolder, "pending");
    await mkdir(pending, { recursive: true });
    for (const name of [`${NEW.files[0]?.name}`, `temp-${NEW.files[0]?.name}`, `temp-${NEW.files[0]?.name}.part`])
      await writeFile(join(pending, name), content.subarray(0, 1000));
    await writeFile(join(pending, "update-info.json"), JSON.stringify({ fileName: NEW.files[0]?.name, sha512: NEW.files[0]?.sha512 }));
    expect(await downloaded()).toEqual({ phase: "ready" });
    await service.restart();
    expect(await readFile(appImage)).toEqual(content);
  });
});

test("another server may have the file, because the signature says which it is", async () => {
  const other = await LocalServer.start((response) => void response.end(NEW.content));
  try {
    await service.check();
    feed.answerFile = (response) => response.writeHead(302, { location: `${other.baseUrl}/file` }).end();
    expect(await downloaded()).toEqual({ phase: "ready" });
  } finally {
    await other.stop();
  }
});

describe("a download", () => {
  /** Answers a part of the file, and then nothing more. */
  const stall = async (): Promise<void> => {
    await service.check();
    feed.answerFile = (response) => {
      response.writeHead(200, { "content-length": NEW.content.length });
      response.write(NEW.content.subarray(0, 100_000));
    };
    service.download();
    await waitUntil(() => told.some(({ download }) => "receivedBytes" in download && download.receivedBytes > 0), {
      what: "the first bytes to come",
    });
    expect(await kept()).not.toEqual([]);
  };

  test("is stopped, and leaves nothing", async () => {
    await stall();
    expect(await service.cancelDownload()).toMatchObject({ download: { phase: "none" } });
    expect(await kept()).toEqual([]);
    feed.announce(NEW);
    expect(await downloaded()).toEqual({ phase: "ready" });
    // What is here already is no download.
    expect(await service.cancelDownload()).toMatchObject({ download: { phase: "ready" } });
  });

  test.each(["1.2.0", "1.4.0"])("isn't begun again for what is no longer announced, while %s takes its place", async (version) => {
    let again: unknown = null;
    let isForgetting = false;
    service = newService({
      emit: (_channel, state) => {
        told.push(state as UpdateState);
        if (!isForgetting) return;
        isForgetting = false;
        again = errorOf(Promise.resolve().then(() => service.download()));
      },
    });
    await stall();
    feed.announce(testVersion(version, "#!/bin/sh\n"));
    isForgetting = true;
    expect(await service.check()).toMatchObject({ download: { phase: "none" } });
    expect(await again).toMatchObject({ kind: "not_found" });
  });

  test("ends with the app, and leaves nothing", async () => {
    await stall();
    await service.stopAll();
    expect(await kept()).toEqual([]);
    expect(await oldProgram()).toBe("the old program");
  });

  test("that nothing could be opened for is tried again", async () => {
    let opens = 0;
    const { openUpdater } = partsOf();
    service = newService({
      openUpdater: (...given) => ((opens += 1) === 1 ? Promise.reject(new Error("no such file")) : openUpdater(...given)),
    });
    expect(await downloaded()).toMatchObject({ phase: "failed" });
    expect(await downloaded()).toEqual({ phase: "ready" });
  });

  test("happens once, however often it is asked for", async () => {
    await service.check();
    service.download();
    service.download();
    expect(await downloaded()).toEqual({ phase: "ready" });
    expect(service.download()).toMatchObject({ download: { phase: "ready" } });
    expect(feed.asked.filter((path) => path.endsWith(".AppImage"))).toHaveLength(1);
  });
});

describe("a disk that is full", () => {
  let noMoreFull: () => void;
  /** Takes the first piece of a file alone. */
  const fill = (): void => {
    const system = files();
    noMoreFull = useFileLayer({
      ...system,
      open: async (path, flags, mode) => {
        const file = await system.open(path, flags, mode);
        let pieces = 0;
        return {
          chmod: (given) => file.chmod(given),
          sync: () => file.sync(),
          close: () => file.close(),
          writeFile: (content) =>
            (pieces += 1) > 1
              ? Promise.reject(Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" }))
              : file.writeFile(content),
        };
      },
    });
  };
  afterEach(() => noMoreFull());

  test("is said when a version is downloaded, and nothing stays", async () => {
    fill();
    expect(await downloaded()).toEqual({ phase: "failed", error: { kind: "file_failed", reason: "no_space" } });
    expect(await kept()).toEqual([]);
  });

  test("is said when it is installed; the old version stays, and it can be tried again", async () => {
    expect(await downloaded()).toEqual({ phase: "ready" });
    fill();
    expect(await errorOf(service.restart())).toEqual({ kind: "file_failed", reason: "no_space" });
    expect(await oldProgram()).toBe("the old program");
    expect(await readdir(dirname(appImage))).toEqual(["Steward-1.2.0.AppImage"]);
    expect([last, service.state().download]).toEqual([[], { phase: "ready" }]);
    noMoreFull();
    await service.restart();
    expect(await readFile(appImage)).toEqual(NEW.content);
  });
});

test("a release names the files that copies can be replaced with, for each system", async () => {
  const dist = folder.path;
  const names = ["Steward-1.3.0-x86_64.AppImage", "Steward-1.3.0-arm64.zip", "Steward-1.3.0-x64.exe"];
  const others = ["Steward-1.3.0-arm64.dmg", "steward_1.3.0_amd64.deb", "Steward-1.2.0-x64.exe", "SHA256SUMS-linux"];
  for (const name of [...names, ...others]) await writeFile(join(dist, name), NEW.content);
  await chmod(join(dist, names[0] as string), 0o755);
  const [{ sizeBytes, sha512 }] = NEW.files as [(typeof NEW.files)[0]];
  expect(await filesOf(dist, "1.3.0")).toEqual([
    { platform: "darwin", arch: "arm64", name: names[1], sizeBytes, sha512 },
    { platform: "win32", arch: "x64", name: names[2], sizeBytes, sha512 },
    { platform: "linux", arch: "x64", name: names[0], sizeBytes, sha512 },
  ]);
});
