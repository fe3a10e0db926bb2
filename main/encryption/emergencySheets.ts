import type { KeyOrPhrase } from "../../shared/contract/secureBackup.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { SecurityKey } from "../../shared/secret.ts";
import { qrModules } from "./verification/qrModules.ts";

/** What the sheets are made from. */
export interface EmergencySheetsParts {
  readonly secureBackup: {
    keepsSecurityKey(accountId: AccountId): Promise<boolean | null>;
    checkedKey(accountId: AccountId, keyOrPhrase: KeyOrPhrase): Promise<SecurityKey>;
  };
  /** The ways to take what the window has ready for paper. Each answers whether it was done. */
  readonly ports: {
    print: () => Promise<boolean>;
    savePdf: (suggestedName: string) => Promise<boolean>;
  };
}

type Requests = Handlers["emergencySheet"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** Gives the window what goes on an emergency sheet: the handlers of the contract's domain `emergencySheet`. */
export class EmergencySheets implements Requests {
  readonly #parts: EmergencySheetsParts;

  constructor(parts: EmergencySheetsParts) {
    this.#parts = parts;
  }

  /** An account whose secrets cannot be read now has none that could be printed. */
  stored = async ({ accountIds }: Input<"stored">) => {
    const kept: AccountId[] = [];
    for (const accountId of accountIds) {
      if (await this.#parts.secureBackup.keepsSecurityKey(accountId).catch(() => null)) kept.push(accountId);
    }
    return { accountIds: kept };
  };

  /** @throws as `SecureBackupService.checkedKey` */
  securityKey = async ({ accountId, keyOrPhrase }: Input<"securityKey">) => {
    const securityKey = await this.#parts.secureBackup.checkedKey(accountId, keyOrPhrase);
    // Without the spaces that people read it by: a scanned key is pasted.
    return { securityKey, qr: await qrModules(Buffer.from(securityKey.reveal().replaceAll(" ", ""), "utf8")) };
  };

  /** @throws `file_failed` */
  keep = async ({ how, name }: Input<"keep">) => {
    if (how === "print") return { kept: await this.#parts.ports.print() };
    const fileName = name
      .replace(/[^\p{L}\p{N}._-]+/gu, " ")
      .trim()
      .slice(0, 120);
    return { kept: await this.#parts.ports.savePdf(`${fileName}.pdf`) };
  };
}
