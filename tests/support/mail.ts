import { simpleParser, type ParsedMail } from "mailparser";
import { SMTPServer } from "smtp-server";
import { listenLocally } from "./ports.ts";
import { within } from "./waitUntil.ts";

/** A mail as it arrived. */
export interface Mail {
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  /** Every http(s) address in the text, in order. */
  links: string[];
  receivedAt: Date;
}

/** A real SMTP server that keeps what it is given. */
export interface Mailbox {
  port: number;
  /** Oldest first. Emptied by whoever wants it empty. */
  messages: Mail[];
  /**
   * Answers the first mail, already here or still to come, for which `wanted` holds.
   *
   * @throws when none has come within `timeoutMs` (15 seconds unless said otherwise)
   */
  waitFor(wanted: (mail: Mail) => boolean, timeoutMs?: number): Promise<Mail>;
  stop(): Promise<void>;
}

/** Starts an SMTP server on 127.0.0.1 that accepts every mail for everybody. */
export async function startMailbox(): Promise<Mailbox> {
  const messages: Mail[] = [];
  const waiting = new Set<(mail: Mail) => void>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    disableReverseLookup: true,
    onData(stream, session, done) {
      simpleParser(stream).then(
        (parsed) => {
          const mail = toMail(
            parsed,
            session.envelope.rcptTo.map((recipient) => recipient.address),
          );
          messages.push(mail);
          for (const tell of waiting) tell(mail);
          done();
        },
        (error: unknown) => done(error as Error),
      );
    },
  });
  // A client that hangs up half-way is its own problem; the test that waits for its mail will say so.
  server.on("error", () => undefined);
  const port = await listenLocally(server.server);
  return {
    port,
    messages,
    async waitFor(wanted, timeoutMs = 15_000) {
      const here = messages.find(wanted);
      if (here) return here;
      let tell: (mail: Mail) => void = () => undefined;
      const coming = new Promise<Mail>((resolve) => {
        tell = (mail) => wanted(mail) && resolve(mail);
        waiting.add(tell);
      });
      return within(coming, timeoutMs, "a mail").finally(() => waiting.delete(tell));
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function toMail(parsed: ParsedMail, to: string[]): Mail {
  const text = parsed.text ?? "";
  return {
    from: parsed.from?.text ?? "",
    to,
    subject: parsed.subject ?? "",
    text,
    html: parsed.html === false ? "" : parsed.html,
    links: text.match(/https?:\/\/[^\s<>"]+/g) ?? [],
    receivedAt: new Date(),
  };
}
