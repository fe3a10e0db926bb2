import { CrashReporter } from "../../main/logging/crashReport.ts";
import { Redactor } from "../../main/logging/redact.ts";

/** A process that dies of an error nobody catches, with a crash reporter watching. */
const [path = "", secret = ""] = process.argv.slice(2);
const reporter = new CrashReporter({
  path,
  redactor: new Redactor({ homeDirectory: null }),
  about: [],
  recentLines: () => [],
});
reporter.watch(process, () => process.exit(70));
setImmediate(() => {
  throw new Error(`at the top of the loop with ${secret}`);
});
