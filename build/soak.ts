import { command } from "./command.ts";
import { runTests } from "./test.ts";

/** `npm test` with the full numbers instead of samples. Takes hours. */
process.env.STEWARD_SOAK = "1";
await command(() => runTests(process.argv.slice(2)));
