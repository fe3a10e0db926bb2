import type { RendererError } from "../../shared/contract/app.ts";
import type { CrashReporter } from "../logging/crashReport.ts";
import type { Logger } from "../logging/logger.ts";
import { RateBudget } from "./rateBudget.ts";

/** A page that fails at every drawing must not fill the log, nor write to the disk without end. */
const LOGGED = { times: 20, withinMs: 60_000 };
const MAX_REPORTS = 3;

/** Takes in what went wrong in the window: into the log, and the first different errors of a run into the report. */
export class RendererErrors {
  readonly #crashes: Pick<CrashReporter, "write">;
  readonly #logger: Logger;
  readonly #budget: RateBudget;
  readonly #reported = new Set<string>();
  #leftOut = 0;

  /** @param now milliseconds from any fixed point */
  constructor(crashes: Pick<CrashReporter, "write">, logger: Logger, now: () => number = () => performance.now()) {
    this.#crashes = crashes;
    this.#logger = logger;
    this.#budget = new RateBudget(LOGGED, now);
  }

  /** Notes one error; both sinks redact it. Beyond twenty a minute they are only counted. */
  take({ source, text, components }: RendererError): void {
    if (!this.#budget.take()) {
      this.#leftOut += 1;
      return;
    }
    this.#logger.error("an error in the window", {
      source,
      text,
      ...(components === "" ? {} : { components }),
      ...(this.#leftOut === 0 ? {} : { leftOutBefore: this.#leftOut }),
    });
    this.#leftOut = 0;
    if (this.#reported.size === MAX_REPORTS || this.#reported.has(text)) return;
    this.#reported.add(text);
    this.#crashes.write("renderer", new RendererErrorText(`${source}: ${text}${components}`));
  }
}

/** The report shows an error by its stack: here that is the window's, not main's own. */
class RendererErrorText extends Error {
  override readonly stack: string;

  constructor(text: string) {
    super(text);
    this.stack = text;
  }
}
