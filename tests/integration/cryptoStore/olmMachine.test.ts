import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AccountId } from "../../../shared/ids.ts";
import { runScript } from "../../support/childProcess.ts";
import type { LineProcess } from "../../support/childProcess.ts";
import { storeInFolder } from "../../support/cryptoFolder.ts";
import type { StoreInFolder } from "../../support/cryptoFolder.ts";
import { describeMachine, openMachine } from "../../support/olmMachine.ts";

const MACHINE = fileURLToPath(new URL("../../support/cryptoMachine.ts", import.meta.url));

vi.setConfig({ testTimeout: 60_000 });

let store: StoreInFolder;
let child: LineProcess | null = null;

beforeEach(async () => {
  store = await storeInFolder();
});
afterEach(async () => {
  await child?.kill();
  child = null;
  await store.remove();
});

/** Opens the machine from disk, says what it is, and closes everything again. */
async function reopened(): Promise<Awaited<ReturnType<typeof describeMachine>>> {
  const mounted = await store.reopen();
  const machine = await openMachine(mounted.databasePrefix);
  const description = await describeMachine(machine);
  machine.close();
  await mounted.close();
  return description;
}

it("keeps the crypto WASM's identity and private keys when it is closed and opened again", async () => {
  const mounted = await store.reopen();
  const machine = await openMachine(mounted.databasePrefix);
  await machine.bootstrapCrossSigning(false);
  const before = await describeMachine(machine);
  expect(before.crossSigning).toEqual([true, true, true]);
  machine.close();
  expect(await reopened()).toEqual(before);
  expect(await reopened()).toEqual(before);
});

it("keeps them when the store is closed under a machine that is still open, which then fails to write", async () => {
  const mounted = await store.reopen();
  const machine = await openMachine(mounted.databasePrefix);
  const before = await describeMachine(machine);
  await mounted.close();
  await expect(machine.bootstrapCrossSigning(true)).rejects.toThrow();
  expect(await reopened()).toEqual(before);
});

it("keeps them through SIGKILL, at the moment the WASM says that it is done", async () => {
  child = runScript(MACHINE, [store.folder]);
  const opened = JSON.parse((await child.line("opened")).slice("opened ".length)) as { ed25519: string };
  await child.kill();
  expect((await reopened()).ed25519).toBe(opened.ed25519);

  child = runScript(MACHINE, [store.folder]);
  const line = await child.line("bootstrapped");
  await child.kill();
  const after = await reopened();
  expect(after).toEqual(JSON.parse(line.slice("bootstrapped ".length)));
  expect(after).toMatchObject({ ed25519: opened.ed25519, crossSigning: [true, true, true] });
});

it("opens nothing with another storage key", async () => {
  const mounted = await store.reopen();
  const machine = await openMachine(mounted.databasePrefix);
  machine.close();
  await store.reopen();
  await expect(openMachine(mounted.databasePrefix, new Uint8Array(32).fill(8))).rejects.toThrow();
});

it("keeps two accounts apart in one process", async () => {
  const other = AccountId.parse("zzzzzzzz00000000");
  const one = await store.reopen();
  const folder = join(store.folder, "..", "two");
  const two = await store.stores.mount(other, folder);
  const machines = [await openMachine(one.databasePrefix), await openMachine(two.databasePrefix)] as const;
  const [first, second] = [await describeMachine(machines[0]), await describeMachine(machines[1])];
  expect(first.ed25519).not.toBe(second.ed25519);
  machines.forEach((machine) => machine.close());
  await two.close();
  await store.stores.remove(other, folder);
  expect(await reopened()).toEqual(first);
});

it("writes no key in clear", async () => {
  const mounted = await store.reopen();
  const machine = await openMachine(mounted.databasePrefix);
  await machine.bootstrapCrossSigning(false);
  const exported = await machine.exportCrossSigningKeys();
  const secret = exported?.masterKey ?? "";
  expect(secret).not.toBe("");
  machine.close();
  await mounted.close();
  const level = join(store.folder, "level");
  for (const name of await readdir(level)) {
    const bytes = await readFile(join(level, name));
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(Buffer.from(secret, "base64"))).toBe(false);
  }
});
