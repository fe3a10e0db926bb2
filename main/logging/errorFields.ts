/** Of what an error says; the rest, which a server may have written, is of no use to a reader. */
const MAX_MESSAGE = 500;
const MAX_NAME = 100;
const MAX_FRAMES = 8;
const MAX_ERRORS = 5;
/** Frames stand at the end of a stack, behind a message of any length. */
const FRAMES_WITHIN = 6_000;
/** What Node's own errors say of a failed system call. */
const SYSTEM_FIELDS = ["code", "syscall", "path", "address", "port"] as const;

/**
 * What a log says of an error: its kind, status and code, the start of its message, where it was thrown, and what caused
 * it. Never the rest of it: matrix-js-sdk's errors carry the whole answer of the server as `data`.
 */
export function errorFields(error: Error): Record<string, unknown> {
  const status = read(error, "httpStatus");
  const fields: Record<string, unknown> = {
    name: textOf(read(error, "name"), MAX_NAME),
    message: textOf(read(error, "message"), MAX_MESSAGE),
    status,
    errcode: textOf(read(error, "errcode"), MAX_NAME),
    ...appErrorFields(read(error, "error")),
  };
  for (const name of SYSTEM_FIELDS) fields[name] = plain(read(error, name));
  // An answer of a server was thrown by the code that reads answers.
  if (status === undefined) fields["stack"] = framesOf(error);
  fields["cause"] = read(error, "cause");
  const errors = read(error, "errors");
  if (Array.isArray(errors)) fields["errors"] = errors.slice(0, MAX_ERRORS);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** An error in words: its name, the start of its message, and where it was thrown. */
export function errorText(error: Error, longestMessage = MAX_MESSAGE): string {
  const name = textOf(read(error, "name"), MAX_NAME) ?? "Error";
  const message = textOf(read(error, "message"), longestMessage) ?? "";
  const frames = framesOf(error);
  return [`${name}: ${message}`, ...(frames === undefined ? [] : [frames])].join("\n");
}

/** An error in one line: its name and the start of its message. */
export function shortError(error: Error): string {
  return errorText(error).split("\n", 1).join("");
}

/** The fields of the `AppError` that an `AppFailure` carries: told by its shape, to depend on nothing. */
function appErrorFields(carried: unknown): Record<string, unknown> {
  if (typeof carried !== "object" || carried === null || !("kind" in carried)) return {};
  return Object.fromEntries(Object.entries(carried).map(([name, value]) => [name, plain(value)]));
}

/** A number or a bounded text; undefined for everything else. */
function plain(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean") return value;
  return textOf(value, MAX_MESSAGE);
}

function textOf(value: unknown, longest: number): string | undefined {
  if (typeof value !== "string") return undefined;
  return value.length > longest ? `${value.slice(0, longest)} [${String(value.length)} characters, cut]` : value;
}

/** Where it was thrown, without the message that stands before that. */
function framesOf(error: Error): string | undefined {
  const stack = read(error, "stack");
  if (typeof stack !== "string") return undefined;
  const lines = stack.slice(-FRAMES_WITHIN).split("\n");
  const frames = lines.filter((line) => /^\s{1,16}at /.test(line)).slice(0, MAX_FRAMES);
  return frames.length === 0 ? undefined : frames.join("\n");
}

/** A getter may throw. */
function read(from: object, name: string): unknown {
  try {
    return (from as Record<string, unknown>)[name];
  } catch {
    return "[unreadable]";
  }
}
