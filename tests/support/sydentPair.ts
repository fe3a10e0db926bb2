import { makeSignedCertificate } from "./certificate.ts";
import { type Mailbox, startMailbox } from "./mail.ts";
import { freePort } from "./ports.ts";
import { Sydent, type SydentTerms } from "./sydent.ts";
import { startSynapse, type Synapse, type SynapseOptions } from "./synapse.ts";
import { startTlsFront, type TlsFront } from "./tlsFront.ts";

/** A homeserver and an identity server that reach each other, as each insists on: by TLS, and by name. */
export interface SydentPair {
  synapse: Synapse;
  sydent: Sydent;
  /** Takes the mails of both. */
  mailbox: Mailbox;
  stop(): Promise<void>;
}

/** Starts both. `config` is laid over the homeserver's. */
export async function startSydentPair(terms: SydentTerms | null, config: SynapseOptions["config"] = {}): Promise<SydentPair> {
  const [certificate, mailbox, port] = await Promise.all([makeSignedCertificate(), startMailbox(), freePort()]);
  const front: TlsFront = await startTlsFront(certificate, port);
  const [synapse, sydent] = await Promise.all([
    startSynapse({
      port,
      // Who holds a token is asked of whatever answers at the server's name.
      serverName: `localhost:${front.port}`,
      publicBaseUrl: null,
      mailPort: mailbox.port,
      federation: true,
      trustedAuthority: certificate.ca,
      config: { ip_range_whitelist: ["127.0.0.1/32"], ...config },
    }),
    Sydent.start({ certificate, mailPort: mailbox.port, terms }),
  ]);
  return {
    synapse,
    sydent,
    mailbox,
    stop: async () => {
      await Promise.all([synapse.stop(), sydent.stop()]);
      await Promise.all([front.stop(), mailbox.stop()]);
    },
  };
}
