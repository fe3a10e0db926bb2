/**
 * Run as a process of its own, to be killed: a real OlmMachine on a crypto store, as matrix-js-sdk makes it.
 *
 * Argument: the store's folder. Says its identity as one line of JSON after each step.
 */
import { writeSync } from "node:fs";
import { installCryptoStores } from "../../main/cryptoStore/index.ts";
import { silent, someAccount } from "./cryptoFolder.ts";
import { describeMachine, openMachine } from "./olmMachine.ts";

const mounted = await installCryptoStores(silent).mount(someAccount, process.argv[2] ?? "");
const machine = await openMachine(mounted.databasePrefix);
writeSync(1, `opened ${JSON.stringify(await describeMachine(machine))}\n`);
await machine.bootstrapCrossSigning(false);
writeSync(1, `bootstrapped ${JSON.stringify(await describeMachine(machine))}\n`);
// Stays alive, so that only SIGKILL ends it and nothing is closed in good order.
setInterval(() => undefined, 1000);
