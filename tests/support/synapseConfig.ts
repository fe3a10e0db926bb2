import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Part of the path of every file of one Synapse. */
export interface SynapseFiles {
  dir: string;
  config: string;
  database: string;
  log: string;
  /** The certificate authorities that it trusts, where a test names one. */
  trusted: string;
}

/** What a test can choose about its Synapse. Everything not named is as in a fresh installation, but fast. */
export interface SynapseOptions {
  /** The part after the colon of its users' ids; `localhost:<port>` unless said otherwise. */
  serverName?: string;
  /**
   * Where clients and mails are told that the server is. When set, Synapse also serves `.well-known` and puts it into the
   * answer to a login, so a client would go past a fault proxy: name the proxy here then. Set by itself to the
   * server's own address when `mailPort` is given, because links in mails need it; null leaves it out even so.
   */
  publicBaseUrl?: string | null;
  /** The port of 127.0.0.1 to listen on, where it must be known beforehand; a free one otherwise. */
  port?: number;
  /** The SMTP server on 127.0.0.1 that takes its mails. Without one it sends none. */
  mailPort?: number;
  /** An empty folder for its data, removed when it stops; a temporary one unless named. */
  dir?: string;
  /** Lets anybody register, with no stage but `m.login.dummy`. */
  enableRegistration?: boolean;
  /** Has a privacy policy of this version, which must be agreed to when registering (`m.login.terms`). Needs `publicBaseUrl` or `mailPort`. */
  policyVersion?: string;
  /** Makes logins run into the limit: so many at once, then so many a second (per address, account and failure). */
  loginLimit?: { burst: number; perSecond: number };
  /** Logs at INFO instead of WARNING (requests are always logged). */
  verboseLog?: boolean;
  /** Answers other servers too: who the holder of an OpenID token is, and what its signing keys are. */
  federation?: boolean;
  /** A certificate authority (PEM) that it trusts, and no other. */
  trustedAuthority?: string;
  /** The older Synapse, as a server that nobody has updated for long (`build/synapse-older-requirements.txt`). */
  older?: boolean;
  /** Synapse configuration laid over everything else, key by key at the top level. */
  config?: Record<string, unknown>;
}

/** The secret that lets tests register users, admins included. */
export const registrationSharedSecret = "tests-only-registration-secret";

/** The files of a Synapse that lives in `dir`. */
export function synapseFiles(dir: string): SynapseFiles {
  return {
    dir,
    config: join(dir, "homeserver.yaml"),
    database: join(dir, "homeserver.db"),
    log: join(dir, "homeserver.log"),
    trusted: join(dir, "trusted.pem"),
  };
}

const unlimited = { per_second: 10_000, burst_count: 10_000 };

/** Writes everything that Synapse reads at its start. JSON is YAML. */
export async function writeSynapseConfig(files: SynapseFiles, port: number, options: SynapseOptions): Promise<void> {
  const serverName = options.serverName ?? `localhost:${port}`;
  const login = options.loginLimit && {
    per_second: options.loginLimit.perSecond,
    burst_count: options.loginLimit.burst,
  };
  const publicBaseUrl = options.publicBaseUrl ?? (options.mailPort === undefined ? null : `http://127.0.0.1:${port}`);
  const names = ["client", ...(options.policyVersion === undefined ? [] : ["consent"]), ...(options.federation ? ["federation"] : [])];
  const policies = join(files.dir, "policies");
  const config = {
    server_name: serverName,
    ...(publicBaseUrl !== null && options.publicBaseUrl !== null && { public_baseurl: publicBaseUrl }),
    listeners: [{ port, type: "http", tls: false, bind_addresses: ["127.0.0.1"], resources: [{ names }] }],
    database: { name: "sqlite3", args: { database: files.database } },
    media_store_path: join(files.dir, "media"),
    pid_file: join(files.dir, "homeserver.pid"),
    signing_key_path: join(files.dir, "signing.key"),
    log_config: join(files.dir, "log.yaml"),
    registration_shared_secret: registrationSharedSecret,
    macaroon_secret_key: "tests-only-macaroon-secret",
    form_secret: "tests-only-form-secret",
    // The lowest cost that bcrypt has: tests make many accounts and sign in often.
    bcrypt_rounds: 4,
    report_stats: false,
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    presence: { enabled: false },
    enable_registration: options.enableRegistration ?? false,
    enable_registration_without_verification: options.enableRegistration ?? false,
    ...(options.mailPort !== undefined && {
      email: {
        smtp_host: "127.0.0.1",
        smtp_port: options.mailPort,
        enable_tls: false,
        notif_from: "%(app)s <noreply@localhost>",
        app_name: "Test homeserver",
      },
    }),
    ...(options.policyVersion !== undefined && {
      user_consent: {
        template_dir: policies,
        version: options.policyVersion,
        require_at_registration: true,
        policy_name: "Privacy policy",
      },
    }),
    rc_message: unlimited,
    rc_registration: unlimited,
    rc_registration_token_validity: unlimited,
    rc_login: { address: login ?? unlimited, account: login ?? unlimited, failed_attempts: login ?? unlimited },
    rc_joins: { local: unlimited, remote: unlimited },
    rc_joins_per_room: unlimited,
    rc_key_requests: unlimited,
    rc_3pid_validation: unlimited,
    rc_invites: { per_room: unlimited, per_user: unlimited, per_issuer: unlimited },
    rc_room_creation: unlimited,
    rc_media_create: unlimited,
    rc_user_directory: unlimited,
    rc_profile: unlimited,
    ...options.config,
  };
  const logging = {
    version: 1,
    formatters: { line: { format: "%(asctime)s %(levelname)s %(name)s %(message)s" } },
    handlers: { file: { class: "logging.FileHandler", formatter: "line", filename: files.log } },
    loggers: { "synapse.access": { level: "INFO" } },
    root: { level: options.verboseLog ? "INFO" : "WARNING", handlers: ["file"] },
    disable_existing_loggers: false,
  };
  if (options.policyVersion !== undefined) await writePolicy(policies, options.policyVersion);
  if (options.trustedAuthority !== undefined) await writeFile(files.trusted, options.trustedAuthority);
  await Promise.all([
    writeFile(files.config, JSON.stringify(config)),
    writeFile(join(files.dir, "log.yaml"), JSON.stringify(logging)),
    // Always the same key: making one takes time, and nobody else ever sees this server's signature.
    writeFile(join(files.dir, "signing.key"), `ed25519 a_test ${Buffer.alloc(32, 7).toString("base64").slice(0, 43)}\n`),
  ]);
}

async function writePolicy(folder: string, version: string): Promise<void> {
  await mkdir(join(folder, "en"), { recursive: true });
  const page = (text: string): string => `<!doctype html><html lang="en"><title>Policy</title><p>${text}</p></html>\n`;
  await writeFile(join(folder, "en", `${version}.html`), page(`What this homeserver does with your data, version ${version}.`));
  await writeFile(join(folder, "en", "success.html"), page("Thank you."));
}
