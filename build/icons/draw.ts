import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../command.ts";
import { findElectron } from "../electron.ts";
import { root } from "../paths.ts";
import { linkTree } from "../stage.ts";
import { startScreen } from "../xvfb.ts";

/**
 * Draws icon.svg in every size that a system asks for, and packs the drawings as icon.png, icon.ico and icon.icns; and the
 * icon beside the clock, for a Mac from template.svg, of which it takes the shape alone. Run
 * after the drawing has changed: `node_modules/.bin/node build/icons/draw.ts`.
 */
const sizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024];

/** The icon beside the clock: colours where the system leaves them, and a shape that it colours itself. */
const traySizes = { colour: [16, 24, 32, 48], template: [16, 32] } as const;

/** The names that an .icns gives to sizes, as Apple has them. */
const icnsTypes: [type: string, size: number][] = [
  ["icp4", 16],
  ["icp5", 32],
  ["icp6", 64],
  ["ic07", 128],
  ["ic08", 256],
  ["ic09", 512],
  ["ic10", 1024],
  ["ic11", 32],
  ["ic12", 64],
  ["ic13", 256],
  ["ic14", 512],
];

/** Runs in Electron: shows the drawing in each size and saves what is seen. */
const painter = `
const { app, BrowserWindow } = require("electron");
const { readFileSync, writeFileSync } = require("node:fs");
const [svg, folder, ...sizes] = JSON.parse(process.env.STEWARD_DRAW);
app.commandLine.appendSwitch("force-device-scale-factor", "1");
app.disableHardwareAcceleration();
app.whenReady().then(async () => {
  for (const size of sizes) {
    const window = new BrowserWindow({ width: size, height: size, show: false, frame: false, transparent: true,
      useContentSize: true, webPreferences: { offscreen: true } });
    const source = Buffer.from(readFileSync(svg)).toString("base64");
    await window.loadURL("data:text/html,<body></body>");
    const url = await window.webContents.executeJavaScript(\`(async () => {
      const image = new Image();
      image.src = "data:image/svg+xml;base64,\${source}";
      await image.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: \${size}, height: \${size} });
      const pen = canvas.getContext("2d");
      pen.imageSmoothingQuality = "high";
      pen.drawImage(image, 0, 0, \${size}, \${size});
      return canvas.toDataURL("image/png");
    })()\`);
    writeFileSync(folder + "/" + size + ".png", Buffer.from(url.split(",")[1], "base64"));
    window.destroy();
  }
  app.exit(0);
});
app.on("window-all-closed", () => {});
`;

/** Windows' container: a directory of PNG files. A side of 256 is written as 0. */
function ico(images: Map<number, Buffer>): Buffer {
  const chosen = [...images].filter(([size]) => size <= 256);
  const header = Buffer.alloc(6 + 16 * chosen.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(chosen.length, 4);
  let offset = header.length;
  for (const [index, [size, png]] of chosen.entries()) {
    const at = 6 + 16 * index;
    header.writeUInt8(size % 256, at);
    header.writeUInt8(size % 256, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(png.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([header, ...chosen.map(([, png]) => png)]);
}

/** Apple's container: each PNG behind its type and length. */
function icns(images: Map<number, Buffer>): Buffer {
  const part = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(8, type, "latin1");
    head.writeUInt32BE(body.length + 8, 4);
    return Buffer.concat([head, body]);
  };
  return part("icns", Buffer.concat(icnsTypes.map(([type, size]) => part(type, images.get(size) as Buffer))));
}

await command(async () => {
  const { executable, dist } = await findElectron();
  const work = await mkdtemp(join(tmpdir(), "steward-icons-"));
  const screen = await startScreen();
  const draw = async (drawing: string, wanted: readonly number[]): Promise<Map<number, Buffer>> => {
    const program = join(work, "electron", executable.slice(dist.length));
    const { status } = spawnSync(program, ["--no-sandbox", "--disable-gpu", `--user-data-dir=${join(work, "data")}`], {
      env: {
        ...process.env,
        ...(screen === undefined ? {} : { DISPLAY: screen.display }),
        STEWARD_DRAW: JSON.stringify([join(import.meta.dirname, drawing), work, ...wanted]),
      },
      timeout: 60_000,
    });
    if (status !== 0) throw new Error(`Electron ended with code ${status}`);
    const images = new Map<number, Buffer>();
    for (const size of wanted) images.set(size, await readFile(join(work, `${size}.png`)));
    return images;
  };
  try {
    await linkTree(dist, join(work, "electron"));
    const app = join(work, "electron/resources/app");
    await linkTree(import.meta.dirname, app);
    await writeFile(join(app, "package.json"), '{"name":"draw","version":"1.0.0","main":"main.cjs"}');
    await writeFile(join(app, "main.cjs"), painter);
    const images = await draw("icon.svg", sizes);
    const save = (name: string, data: Buffer): Promise<void> => writeFile(join(import.meta.dirname, name), data);
    await save("icon.png", images.get(512) as Buffer);
    await save("icon.ico", ico(images));
    await save("icon.icns", icns(images));
    const saveTray = (name: string, data: Buffer): Promise<void> => writeFile(join(root, "main/app/trayIcons", name), data);
    for (const size of traySizes.colour) await saveTray(`colour-${size}.png`, images.get(size) as Buffer);
    for (const [size, png] of await draw("template.svg", traySizes.template)) await saveTray(`template-${size}.png`, png);
  } finally {
    await screen?.stop();
    await rm(work, { recursive: true, force: true });
  }
});
