import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestCertificate } from "./certificate.ts";
import { LocalServer } from "./localServer.ts";
import { freePort } from "./ports.ts";
import { ensureSydent } from "./sydentVenv.ts";
import { startTlsFront, type TlsFront } from "./tlsFront.ts";
import { waitUntil } from "./waitUntil.ts";

const runner = fileURLToPath(new URL("runSydent.py", import.meta.url));

/** Documents to agree to, of this version; each at an address of its own. */
export interface SydentTerms {
  version: string;
  /** What the addresses begin with. */
  baseUrl: string;
}

export interface SydentOptions {
  certificate: TestCertificate;
  /** The SMTP server on 127.0.0.1 that takes its mails. */
  mailPort: number;
  /** Null: there is nothing to agree to. */
  terms: SydentTerms | null;
}

/**
 * A real identity server on a random port of 127.0.0.1. The port speaks TLS for homeservers, which want nothing else, and plain http.
 * Its text messages go to a stand-in for the paid provider that the real one has them sent by.
 */
export class Sydent {
  readonly #options: SydentOptions;
  readonly #dir: string;
  readonly #python: string;
  readonly #port: number;
  readonly #texts: LocalServer;
  readonly #front: TlsFront;
  #child: ChildProcess | null = null;

  private constructor(parts: { options: SydentOptions; dir: string; python: string; port: number; texts: LocalServer; front: TlsFront }) {
    this.#options = parts.options;
    this.#dir = parts.dir;
    this.#python = parts.python;
    this.#port = parts.port;
    this.#texts = parts.texts;
    this.#front = parts.front;
  }

  /** Starts one, and waits until it answers. The first call on a machine installs Sydent. */
  static async start(options: SydentOptions): Promise<Sydent> {
    const { python } = await ensureSydent();
    const dir = await mkdtemp(join(tmpdir(), "steward-sydent-"));
    const port = await freePort();
    const texts = await LocalServer.start((response) => void response.writeHead(202, { "content-type": "application/json" }).end("{}"));
    const front = await startTlsFront(options.certificate, port);
    const sydent = new Sydent({ options, dir, python, port, texts, front });
    try {
      await writeTemplates(dir);
      await sydent.comeBack();
      return sydent;
    } catch (error) {
      await sydent.stop();
      throw error;
    }
  }

  /** As homeservers name it (`id_server`). */
  get host(): string {
    return `127.0.0.1:${this.#front.port}`;
  }

  get baseUrl(): string {
    return `http://${this.host}`;
  }

  /** The codes that were sent to a number (digits with the country's code), oldest first. */
  codes(to: string): string[] {
    return this.#texts.arrived.flatMap(({ body }) => {
      const { mobileTerminate: sent } = JSON.parse(body) as {
        mobileTerminate: { message: { content: string }; destination: { address: string } };
      };
      return sent.destination.address === to ? (/\d{6}/.exec(sent.message.content) ?? []) : [];
    });
  }

  /** Ends the process; what it knows stays. */
  async goDown(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.kill("SIGKILL");
    await ended;
  }

  /** Starts it again, with other terms where they are named. */
  async comeBack(terms: SydentTerms | null = this.#options.terms): Promise<void> {
    const config = join(this.#dir, "sydent.conf");
    await writeFile(config, this.#config(terms));
    if (terms) await writeFile(join(this.#dir, "terms.yaml"), JSON.stringify(termsFile(terms)));
    let output = "";
    const child = spawn(this.#python, [runner], {
      cwd: this.#dir,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, SYDENT_CONF: config, STEWARD_SMS_URL: `${this.#texts.baseUrl}/` },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output = (output + String(chunk)).slice(-5_000)));
    await waitUntil(
      () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Sydent ended while starting:\n${output}`);
        return fetch(`${this.baseUrl}/_matrix/identity/v2`).then(
          (answer) => answer.ok,
          () => false,
        );
      },
      { timeoutMs: 60_000, everyMs: 25, what: `Sydent on ${this.baseUrl}` },
    );
  }

  async stop(): Promise<void> {
    await this.goDown();
    await Promise.all([this.#front.stop(), this.#texts.stop()]);
    await rm(this.#dir, { recursive: true, force: true });
  }

  #config(terms: SydentTerms | null): string {
    const sections = {
      general: {
        "server.name": this.host,
        "log.level": "WARNING",
        "templates.path": join(this.#dir, "templates"),
        "brand.default": "plain",
        "ip.whitelist": "127.0.0.0/8",
        "terms.path": terms ? join(this.#dir, "terms.yaml") : "",
        "pidfile.path": "",
      },
      db: { "db.file": join(this.#dir, "sydent.db") },
      http: {
        "clientapi.http.bind_address": "127.0.0.1",
        "clientapi.http.port": String(this.#port),
        "federation.verifycerts": "False",
        client_http_base: this.baseUrl,
      },
      email: {
        "email.from": "Test identity server <noreply@localhost>",
        "email.smtphost": "127.0.0.1",
        "email.smtpport": String(this.#options.mailPort),
        "email.hostname": "localhost",
      },
      sms: { bodytemplate: "Your code is {token}", username: "tests", password: "tests" },
    };
    return Object.entries(sections)
      .map(
        ([name, entries]) =>
          `[${name}]\n${Object.entries(entries)
            .map(([key, value]) => `${key} = ${value}\n`)
            .join("")}`,
      )
      .join("\n");
  }
}

/** A mail and a page, for neither of which its package has the templates. */
async function writeTemplates(dir: string): Promise<void> {
  const folder = join(dir, "templates", "plain");
  await mkdir(folder, { recursive: true });
  const mail = [
    "Date: %(date)s",
    "From: %(from)s",
    "To: %(to)s",
    "Message-ID: %(messageid)s",
    "Subject: Confirm your email address",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=UTF-8",
    "",
    "So that others can find you by it: %(link)s",
    "",
  ];
  await writeFile(join(folder, "verification_template.eml"), mail.join("\n"));
  await writeFile(join(folder, "verify_response_template.html"), "<!doctype html><title>Identity server</title><p>%(message)s</p>\n");
}

function termsFile({ version, baseUrl }: SydentTerms): object {
  const text = (language: string, name: string) => ({ name, url: `${baseUrl}/${version}/${language}` });
  const langs = { en: text("en", "Privacy of the identity server"), de: text("de", "Datenschutz des Identitätsservers") };
  return { master_version: version, docs: { privacy_policy: { version, langs } } };
}
