import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Credentials } from "../../../main/admin/credentials.ts";
import { openSecrets } from "../../../main/secrets/openSecrets.ts";
import { initialSecrets } from "../../../main/sessions/initialSecrets.ts";
import { Folders } from "../../../main/storage/folders.ts";
import { AccountId } from "../../../shared/ids.ts";
import { MemoryKeychain } from "../../support/memoryKeychain.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { accessToken, revealed, secretOf } from "../../support/secretValues.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const ACCOUNT = AccountId.parse("abcdefgh01234567");
const ANN = "@ann:one.test";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let keychain: MemoryKeychain;
let kept: string[];
let hidden: string[];
let good: boolean;

beforeEach(async () => {
  folder = await temporaryFolder("credentials");
  keychain = new MemoryKeychain();
  [kept, hidden, good] = [[], [], true];
  await (await store()).write(ACCOUNT, initialSecrets({ accessToken: accessToken("token") }));
});
afterEach(() => folder.remove());

async function store() {
  const folders = new Folders(folder.path);
  await folders.prepare();
  return (await openSecrets({ folders, keychain, log: quietLogger, onDamaged: () => undefined })).store;
}

/** As a start of the app does. */
const open = async () =>
  new Credentials({
    secretStore: await store(),
    keepOutOfLogs: (secret) => void hidden.push(revealed(secret)),
    phraseStrength: () => Promise.resolve({ score: 3, good, warning: null, suggestions: [] }),
    ports: {
      copyText: (text) => Promise.resolve(void kept.push(text.reveal())),
      saveText: ({ suggestedName, text }) => Promise.resolve(kept.push(suggestedName.of, revealed(text)) > 0),
      print: () => Promise.resolve(false),
    },
  });

describe("a password that is to be handed out", () => {
  it("is sealed before anybody gets it, found at the next start, and gone when it was handed out", async () => {
    const { credentialsId, password } = (await (await open()).choose(ACCOUNT, ANN, { kind: "generated" }))!;
    expect(hidden).toEqual([password]);
    const files = await readdir(folder.path, { recursive: true, withFileTypes: true });
    const written = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), "latin1"));
    expect((await Promise.all(written)).join("\n")).not.toContain(password.reveal());
    const later = await open();
    expect(await later.waiting(ACCOUNT)).toEqual([{ credentialsId, userId: ANN, isSet: false }]);
    await later.confirm(ACCOUNT, credentialsId);
    expect(await later.show(ACCOUNT, credentialsId)).toEqual({ credentialsId, userId: ANN, password, isSet: true });
    await later.forget(ACCOUNT, credentialsId);
    expect(await later.waiting(ACCOUNT)).toEqual([]);
    await expect(later.show(ACCOUNT, credentialsId)).rejects.toThrow("conversation_over");
  });

  it("is none where none was chosen, and none that is easy to guess", async () => {
    const credentials = await open();
    expect(await credentials.choose(ACCOUNT, ANN, { kind: "none" })).toBeNull();
    good = false;
    await expect(credentials.choose(ACCOUNT, ANN, { kind: "own", password: secretOf("password", "ann") })).rejects.toThrow(
      "password_refused",
    );
    expect(await credentials.waiting(ACCOUNT)).toEqual([]);
  });

  it("is copied alone, and saved with whose it is under a name without surprises", async () => {
    const credentials = await open();
    const { credentialsId } = (await credentials.choose(ACCOUNT, "@a/../b:one.test:8448", {
      kind: "own",
      password: secretOf("password", "nine quiet herons"),
    }))!;
    expect(await credentials.keep(ACCOUNT, credentialsId, "copy")).toBe(true);
    expect(await credentials.keep(ACCOUNT, credentialsId, "save")).toBe(true);
    expect(await credentials.keep(ACCOUNT, credentialsId, "print")).toBe(false);
    expect(kept).toEqual(["nine quiet herons", "a .. b one.test 8448", "@a/../b:one.test:8448\nnine quiet herons\n"]);
  });

  it("waits beside at most 99 others, the oldest of which go first", async () => {
    const credentials = await open();
    for (let number = 0; number < 101; number += 1) await credentials.choose(ACCOUNT, `@user${number}:one.test`, { kind: "generated" });
    const waiting = await credentials.waiting(ACCOUNT);
    expect([waiting.length, waiting[0]?.userId, waiting.at(-1)?.userId]).toEqual([100, "@user1:one.test", "@user100:one.test"]);
  });
});
