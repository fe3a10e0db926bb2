import * as z from "zod";
import { AccountId } from "../ids.ts";
import { shownSecret } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION, FILES_HERE, OPENING_BACKUP, SECRETS_HERE, STORED_KEY } from "./errorKinds.ts";
import { QrCode } from "./qrCode.ts";
import { KeyOrPhrase } from "./secureBackup.ts";

/** Sheets of paper that say how to get back into an account when everything else is lost. */
export const emergencySheet = domain({
  requests: {
    /** Which of these accounts keep their Security Key on this computer. Asks no server. */
    stored: request(z.object({ accountIds: z.array(AccountId).max(1000) }), z.object({ accountIds: z.array(AccountId) }), SECRETS_HERE),
    /**
     * The Security Key as it goes on paper, after it has opened the Secure Backup there is now: from what was typed, or the
     * one this computer keeps. Throws as
     * `secureBackup.keepOnThisComputer` does; with the stored one, says that there is none or that it is outdated.
     */
    securityKey: request(
      z.object({ accountId: AccountId, keyOrPhrase: KeyOrPhrase }),
      z.object({ securityKey: shownSecret("Security Key"), qr: QrCode }),
      [...ANY_SESSION, ...OPENING_BACKUP, ...STORED_KEY, "other_key_opens", "phrase_key_length"],
    ),
    /**
     * Prints the sheets that the window has ready, or saves them as a PDF where the person says. Nothing of them is written
     * anywhere else. `name` is the file's, without folder and ending. Answers whether it was done.
     */
    keep: request(
      z.object({ how: z.enum(["print", "pdf"]), name: z.string().min(1).max(400) }),
      z.object({ kept: z.boolean() }),
      FILES_HERE,
    ),
  },
  events: {},
});
