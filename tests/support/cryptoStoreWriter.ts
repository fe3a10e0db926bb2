/**
 * Run as a process of its own, to be killed: writes to a crypto store without end.
 *
 * Two databases are written to at the same time, each by numbered transactions whose effect is known from the number
 * alone (`stateAfter`). "NAME NUMBER" goes to standard output when a transaction is complete.
 *
 * Arguments: the store's folder; how many transactions to write at most.
 */
import { writeSync } from "node:fs";
import { installCryptoStores } from "../../main/cryptoStore/index.ts";
import { silent, someAccount } from "./cryptoFolder.ts";
import { WRITER_DATABASES, createWriterStores, lastTransaction, writeTransaction } from "./cryptoStoreLoad.ts";
import { openDatabase } from "./indexedDb.ts";

const say = (line: string): void => void writeSync(1, `${line}\n`);

const [folder = "", most = "1000000"] = process.argv.slice(2);
say("mounting");
const onWriteFailed = (): void => say("failed");
const { databasePrefix } = await installCryptoStores(silent).mount(someAccount, folder, { onWriteFailed });
say("mounted");
await Promise.all(
  WRITER_DATABASES.map(async (name) => {
    const database = await openDatabase(indexedDB, `${databasePrefix}::${name}`, 1, createWriterStores);
    const from = await lastTransaction(database);
    for (let number = from + 1; number <= from + Number(most); number++) {
      try {
        await writeTransaction(database, number);
        say(`${name} ${number}`);
      } catch (thrown) {
        say(`${name} ${number} ${thrown instanceof Error ? thrown.name : "?"}`);
        return;
      }
    }
  }),
);
say("stopped");
