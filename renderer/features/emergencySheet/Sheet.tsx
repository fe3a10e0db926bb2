import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { QrCode as Qr } from "../../../shared/contract/qrCode.ts";
import { QrCode } from "../../components/QrCode.tsx";
import { dateText, t } from "../../i18n/index.ts";
import { keyGroups } from "../secureBackup/securityKey.ts";
import styles from "./EmergencySheet.module.css";

/** A Security Key as it goes on paper. */
export interface PrintedKey {
  readonly securityKey: string;
  readonly qr: Qr;
}

/** The length of a Security Key in groups of four, for those who write it by hand. */
const BLANK_GROUPS = 12;

/** One account's sheet: seen on paper alone. Without a key there is room to write it. */
export function Sheet({ account, securityKey }: { readonly account: Account; readonly securityKey: PrintedKey | null }) {
  const [madeAt] = useState(Date.now);
  const { userId, homeserver, health } = account;
  const email = health?.recoveryEmail.kind ?? "unknown";
  return (
    <section className="printOnly">
      <div className={styles["sheet"]}>
        <h1>{t("emergency.title")}</h1>
        <dl>
          <div>
            <dt>{t("emergency.sheet.userId")}</dt>
            <dd>{userId}</dd>
          </div>
          <div>
            <dt>{t("emergency.sheet.homeserver")}</dt>
            <dd>
              {homeserver.serverName} ({homeserver.baseUrl})
            </dd>
          </div>
          <div>
            <dt>{t("emergency.sheet.password")}</dt>
            <dd className={styles["line"]} />
          </div>
        </dl>
        <h2>{t("emergency.sheet.key")}</h2>
        <div className={styles["securityKey"]}>
          {securityKey ? (
            <>
              <code className={styles["groups"]}>
                {keyGroups(securityKey.securityKey).map((group, index) => (
                  <span key={index}>{group}</span>
                ))}
              </code>
              <QrCode qr={securityKey.qr} label={t("emergency.sheet.qr")} />
            </>
          ) : (
            <div className={styles["groups"]}>
              {Array.from({ length: BLANK_GROUPS }, (_, index) => (
                <span key={index} className={styles["blank"]} />
              ))}
            </div>
          )}
        </div>
        <p>{t(securityKey ? "emergency.sheet.keyText" : "emergency.sheet.keyBlank")}</p>
        <h2>{t("emergency.sheet.lost")}</h2>
        <ol>
          <li>{t("emergency.sheet.signIn", { userId, serverName: homeserver.serverName })}</li>
          <li>{t(`emergency.sheet.forgotten.${email}`, { serverName: homeserver.serverName })}</li>
          <li>{t("emergency.sheet.verify")}</li>
          <li>{t("emergency.sheet.signOut")}</li>
        </ol>
        <p className={styles["small"]}>{t("emergency.sheet.made", { date: dateText(madeAt) })}</p>
      </div>
    </section>
  );
}
