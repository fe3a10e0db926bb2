import { useState } from "react";
import type { Account } from "../../shared/contract/accounts.ts";
import { nameOf, type Mark } from "../accountHealth.ts";
import { t } from "../i18n/index.ts";
import styles from "./Avatar.module.css";
import { avatarColour, initials } from "./avatarLook.ts";
import { classNames } from "./classNames.ts";

interface AvatarProps {
  readonly account: Pick<Account, "userId" | "displayName" | "avatarPath">;
  readonly size?: number;
  readonly mark?: Mark;
}

/** An account's picture, or its initials on a colour of its own; with a mark of its health, if asked for. */
export function Avatar({ account, size = 32, mark }: AvatarProps) {
  const [broken, setBroken] = useState<string | null>(null);
  const path = account.avatarPath;
  return (
    <span className={styles["avatar"]} style={{ width: size, height: size, fontSize: size * 0.39 }}>
      {path && path !== broken ? (
        <img className={styles["picture"]} src={path} alt="" draggable={false} onError={() => setBroken(path)} />
      ) : (
        <span className={styles["initials"]} style={{ background: avatarColour(account.userId) }} aria-hidden>
          {initials(nameOf(account))}
        </span>
      )}
      {mark && <span className={classNames(styles["mark"], styles[mark])} role="img" aria-label={t(`mark.${mark}`)} />}
    </span>
  );
}
