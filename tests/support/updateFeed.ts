import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type Announced, type AnnouncedFile, announcement } from "../../build/announce.ts";
import { TEST_FEED_KEY } from "../../build/feedForTests.ts";
import { LocalServer } from "./localServer.ts";

/** A version as it is announced, with a file that takes the place of an AppImage on this computer. */
export interface TestVersion extends Announced {
  content: Buffer;
}

/** What is announced of a version whose file has this content. */
export function testVersion(version: string, content: string | Buffer): TestVersion {
  const bytes = Buffer.from(content);
  const file: AnnouncedFile = {
    platform: process.platform,
    arch: process.arch,
    name: `Steward-${version}-x86_64.AppImage`,
    sizeBytes: bytes.length,
    sha512: createHash("sha512").update(bytes).digest("base64"),
  };
  return {
    version,
    notes: "- <b>Less</b> to do\n- More to see",
    page: "https://steward.example/get",
    files: [file],
    content: bytes,
  };
}

/** A server that announces a version and has its file, until a test says otherwise. */
export class UpdateFeed {
  readonly server: LocalServer;
  announced: string;
  /** Answers whoever wants the file. */
  answerFile: (response: ServerResponse) => void;

  private constructor(server: LocalServer, version: TestVersion) {
    this.server = server;
    this.announced = "";
    this.answerFile = () => undefined;
    this.announce(version);
  }

  static async start(version: TestVersion): Promise<UpdateFeed> {
    const server = await LocalServer.start((response, { path }) => {
      if (path.endsWith(".AppImage")) feed.answerFile(response);
      else response.writeHead(200, { "content-type": "application/json" }).end(feed.announced);
    });
    const feed = new UpdateFeed(server, version);
    return feed;
  }

  announce({ content, ...announced }: TestVersion): void {
    this.announced = announcement(announced, TEST_FEED_KEY);
    this.answerFile = (response) => response.writeHead(200, { "content-length": content.length }).end(content);
  }

  /** What was asked for so far. */
  get asked(): string[] {
    return this.server.arrived.map(({ path }) => path);
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
