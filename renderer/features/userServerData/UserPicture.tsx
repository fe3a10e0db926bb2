import { useEffect, useMemo } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { User } from "../../../shared/contract/users.ts";
import { steward } from "../../bridge.ts";
import { t } from "../../i18n/index.ts";
import { userAvatar } from "../../stores/userServerData.ts";
import { userKey } from "../../stores/users.ts";
import { PictureChooser } from "../profile/PictureChooser.tsx";
import { LoadedSection } from "./LoadedSection.tsx";
import styles from "./UserServerData.module.css";

interface UserPictureProps {
  readonly account: Account;
  readonly user: User;
  /** Called with the user as they are now. */
  readonly onChanged: (user: User) => void;
}

/** A user's picture: seen, given, removed. */
export function UserPicture({ account: { accountId }, user, onChanged }: UserPictureProps) {
  const { userId, avatarMxc, deactivated } = user;
  const key = userKey(accountId, userId);
  const changed = (now: User): void => {
    onChanged(now);
    userAvatar.reload(key);
  };
  return (
    <LoadedSection title={t("profile.picture")} store={userAvatar} userKey={key}>
      {({ image }) => (
        <PictureChooser
          shown={image !== null && <ShownPicture image={image} />}
          hasPicture={avatarMxc !== null}
          isReadOnly={deactivated}
          limitBytes={null}
          text={avatarMxc === null ? t("userData.noPicture") : image === null ? t("userData.pictureUnseen") : t("userData.pictureIs")}
          onSet={async (picture) => changed(await steward.userServerData.setAvatar({ accountId, userId, ...picture }))}
          onRemove={async () => changed(await steward.userServerData.removeAvatar({ accountId, userId }))}
        />
      )}
    </LoadedSection>
  );
}

/** A picture that is not on a page of its own. */
export function ShownPicture({ image }: { readonly image: Uint8Array<ArrayBuffer> }) {
  const url = useMemo(() => URL.createObjectURL(new Blob([image])), [image]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img className={styles["avatar"]} src={url} alt={t("profile.picture")} />;
}
