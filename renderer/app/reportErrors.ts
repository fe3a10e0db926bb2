import type { RootOptions } from "react-dom/client";
import type { RendererError } from "../../shared/contract/app.ts";
import { RequestFailure, steward } from "../bridge.ts";

/** As long as the contract takes them, in UTF-16 code units. */
const MAX_TEXT = 6000;
const MAX_COMPONENTS = 2000;
const MAX_CAUSES = 4;
/** Main has a limit of its own; this one keeps a page that fails at every frame from asking it at every frame. */
const MAX_PER_MINUTE = 30;

let sent: number[] = [];

/** The error with its stack, and what caused it, as text. Never throws, whatever was thrown. */
export function describeThrown(thrown: unknown): string {
  try {
    const texts: string[] = [];
    for (let error = thrown; error !== undefined && texts.length < MAX_CAUSES;) {
      // A refused request is told by its kind alone: the rest may hold what a server or a person wrote.
      if (error instanceof RequestFailure) texts.push(`RequestFailure: ${error.error.kind}\n${error.stack ?? ""}`);
      else if (error instanceof Error) texts.push(error.stack ?? `${error.name}: ${error.message}`);
      else texts.push(`Thrown: ${typeof error === "string" ? error : Object.prototype.toString.call(error)}`);
      error = error instanceof Error ? error.cause : undefined;
    }
    return texts.join("\nCaused by: ").slice(0, MAX_TEXT);
  } catch {
    return "Thrown: something that cannot be described";
  }
}

function report(source: RendererError["source"], thrown: unknown, info?: { readonly componentStack?: string | null | undefined }): void {
  const now = performance.now();
  sent = sent.filter((at) => now - at < 60_000);
  if (sent.length >= MAX_PER_MINUTE) return;
  sent.push(now);
  const components = (info?.componentStack ?? "").slice(0, MAX_COMPONENTS);
  // Where main cannot be told, there is nobody else; and a rejection here would only report itself.
  steward.app.reportError({ source, text: describeThrown(thrown), components }).catch(() => undefined);
}

/** What React does by itself with an error that reaches it, besides telling main. */
function onReactError(source: RendererError["source"]) {
  return (error: unknown, info: { readonly componentStack?: string | null | undefined }): void => {
    // eslint-disable-next-line no-console -- React writes here when it has no such function; developers look here.
    console.error(error);
    report(source, error, info);
  };
}

/** Tells main what React meets while drawing: given to the root. */
export const reactErrors: RootOptions = {
  onCaughtError: onReactError("caught"),
  onUncaughtError: onReactError("uncaught"),
  onRecoverableError: onReactError("recovered"),
};

/** Tells main of errors in events and timers, and of promises that nobody waited for. Called once, before anything runs. */
export function reportPageErrors(): void {
  window.addEventListener("error", ({ error, message }: ErrorEvent) => {
    // Chromium's way of saying that a size changed twice within a frame. Nothing is lost by it.
    if (message.startsWith("ResizeObserver loop")) return;
    report("error", error ?? message);
  });
  window.addEventListener("unhandledrejection", ({ reason }) => report("rejection", reason));
}
